// What several views show of groups: their labels, owners, states, pushes.

import { h, svg } from "./dom.js";
import { ago, count, counted, span, until } from "./format.js";

const STATES = { live: ["●", "live"], draining: ["◑", "draining"], ttl: ["◷", "ttl"], failing: ["▲", "refused"] };
const BAR_WIDTH = 2;
const BAR_HEIGHT = 16;

/** The labels of a group, `job` first; `job` is what people look for, so it stands out. */
export function labels(all) {
  const names = Object.keys(all).sort((a, b) => (b === "job") - (a === "job") || (a < b ? -1 : 1));
  return h("span", { class: "labels" }, names.flatMap((name, place) => [
    place ? " " : "",
    h("span", { class: name === "job" ? "label job" : "label" },
      h("span", { class: "label-name" }, `${name}=`), h("span", { class: "label-value" }, quoted(all[name]))),
  ]));
}

/** The labels as a selector that selects just these. */
export function selector(all) {
  const escaped = (value) => value.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n");
  const name = (label) => (/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label) ? label : `"${escaped(label)}"`);
  return `{${Object.entries(all).map(([label, value]) => `${name(label)}="${escaped(value)}"`).join(",")}}`;
}

/** The owners of a group, or that it has none. */
export function owners(group) {
  if (!group.owners.length) return h("span", { class: "none" }, "no owner");
  const more = group.owner_count - 1;
  return h("span", { class: "owner" }, owner(group.owners[0]),
    more > 0 ? h("span", { class: "more" }, ` and ${count(more)} more`) : null);
}

/** One owner: its kind, namespace and name. */
export function owner(one) {
  return h("span", {}, h("span", { class: "kind" }, one.kind), ` ${one.namespace}/`, h("b", {}, one.name));
}

/** A state, told by a sign and a word and not by its colour alone. */
export function badge(state) {
  const [sign, text] = STATES[state];
  return h("span", { class: `badge ${state}` }, h("span", { class: "sign", "aria-hidden": "true" }, sign), text);
}

/** The state of a group, and what it waits for. */
export function state(group) {
  if (group.drain) return h("span", { class: "state" }, badge("draining"), " ", waits(group.drain));
  if (group.ttl_ends) return h("span", { class: "state" }, badge("ttl"), " ends ", until(group.ttl_ends));
  return h("span", { class: "state" }, badge("live"));
}

/** What a draining group waits for, in a few words. */
export function waits(drain) {
  switch (drain.waits_for) {
    case "operator": return h("span", {}, "for the operator's word");
    case "deadline": return h("span", {}, "no scraper; goes ", until(drain.until));
    case "nothing": return h("span", {}, "goes now");
    default: return h("span", {}, "for ", awaited(drain.scrapers), ", at most ", until(drain.until));
  }
}

/** How long ago the last push was refused, where none was taken since. */
export function refused(group) {
  if (!group.push_failure_time) return h("span", { class: "none" }, "–");
  return group.last_push_successful ? ago(group.push_failure_time)
    : h("span", { class: "state" }, badge("failing"), " ", ago(group.push_failure_time));
}

/** Pushes of the last day as bars, one for each half hour. */
export function sparkline(pushes) {
  const most = Math.max(...pushes);
  const all = pushes.reduce((sum, number) => sum + number, 0);
  const label = `${counted(all, "push").replace("pushs", "pushes")} in the last ${span(pushes.length * 1800)}`;
  const bars = pushes.map((number, place) => {
    const height = number ? Math.max(2, Math.round(BAR_HEIGHT * Math.sqrt(number / most))) : 0;
    return height ? `M${place * BAR_WIDTH} ${BAR_HEIGHT}h1.5v-${height}h-1.5z` : "";
  });
  const width = pushes.length * BAR_WIDTH;
  return svg("svg", { class: "spark", role: "img", "aria-label": label, width, height: BAR_HEIGHT,
    viewBox: `0 0 ${width} ${BAR_HEIGHT}` },
  svg("title", {}, label), svg("path", { class: "base", d: `M0 ${BAR_HEIGHT - 0.5}h${width}` }),
  svg("path", { class: "bars", d: bars.join("") }));
}

function awaited(scrapers) {
  const [first] = scrapers;
  const name = h("b", {}, first.address);
  return scrapers.length > 1 ? h("span", {}, name, ` and ${count(scrapers.length - 1)} more`) : name;
}

function quoted(value) {
  return JSON.stringify(value);
}
