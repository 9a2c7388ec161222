// Parts of groups that several views show: labels, owners, states, pushes.

import { h, svg } from "./dom.js";
import { ago, count, counted, span, until } from "./format.js";

const STATES = { live: ["●", "live"], draining: ["◑", "draining"], ttl: ["◷", "ttl"], failing: ["▲", "rejected"] };
const BAR_WIDTH = 2;
const BAR_HEIGHT = 16;

/** The labels of a group. `job` is first and highlighted, because users look for it. */
export function labels(all) {
  const names = Object.keys(all).sort((a, b) => (b === "job") - (a === "job") || (a < b ? -1 : 1));
  return h("span", { class: "labels" }, names.flatMap((name, index) => [
    index ? " " : "",
    h("span", { class: name === "job" ? "label job" : "label" },
      h("span", { class: "label-name" }, `${name}=`), h("span", { class: "label-value" }, quoted(all[name]))),
  ]));
}

/** A selector that matches these labels. */
export function selector(all) {
  const escaped = (value) => value.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n");
  const name = (label) => (/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label) ? label : `"${escaped(label)}"`);
  return `{${Object.entries(all).map(([label, value]) => `${name(label)}="${escaped(value)}"`).join(",")}}`;
}

/** The first owner of a group and the number of others, or "no owner". */
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

/** A state, shown by a sign and a word, not only by a colour. */
export function badge(state) {
  const [sign, text] = STATES[state];
  return h("span", { class: `badge ${state}` }, h("span", { class: "sign", "aria-hidden": "true" }, sign), text);
}

/** The state of a group, and for a draining one what it waits for. */
export function state(group) {
  if (group.drain) return h("span", { class: "state" }, badge("draining"), " ", waitText(group.drain));
  if (group.ttl_ends) return h("span", { class: "state" }, badge("ttl"), " expires ", until(group.ttl_ends));
  return h("span", { class: "state" }, badge("live"));
}

/** A short text about what a draining group waits for. */
export function waitText(drain) {
  switch (drain.waits_for) {
    case "operator": return h("span", {}, "until the operator decides");
    case "databases": return h("span", {}, databaseText(drain.databases), ", deadline ", until(drain.until));
    case "deadline": return h("span", {}, "no active scraper, deadline ", until(drain.until));
    case "nothing": return h("span", {}, "deleted now");
    default: return h("span", {}, "for ", scraperNames(drain.scrapers), ", deadline ", until(drain.until));
  }
}

/** The time of the last rejected push, with a badge if no push was accepted since. */
export function lastRejected(group) {
  if (!group.push_failure_time) return h("span", { class: "none" }, "–");
  return group.last_push_successful ? ago(group.push_failure_time)
    : h("span", { class: "state" }, badge("failing"), " ", ago(group.push_failure_time));
}

/** A bar chart of the pushes of the last day, one bar for each half hour. */
export function sparkline(pushes) {
  const highest = Math.max(...pushes);
  const total = pushes.reduce((sum, number) => sum + number, 0);
  const label = `${counted(total, "push").replace("pushs", "pushes")} in the last ${span(pushes.length * 1800)}`;
  const bars = pushes.map((number, index) => {
    const height = number ? Math.max(2, Math.round(BAR_HEIGHT * Math.sqrt(number / highest))) : 0;
    return height ? `M${index * BAR_WIDTH} ${BAR_HEIGHT}h1.5v-${height}h-1.5z` : "";
  });
  const width = pushes.length * BAR_WIDTH;
  return svg("svg", { class: "spark", role: "img", "aria-label": label, width, height: BAR_HEIGHT,
    viewBox: `0 0 ${width} ${BAR_HEIGHT}` },
  svg("title", {}, label), svg("path", { class: "base", d: `M0 ${BAR_HEIGHT - 0.5}h${width}` }),
  svg("path", { class: "bars", d: bars.join("") }));
}

/** Which database a group waits for. One that lacks the values for a minute probably never stores them. */
function databaseText(databases) {
  const lacking = databases.find((each) => !each.error && each.seconds >= 60);
  if (lacking) return h("span", {}, "read, but not stored in ", h("b", {}, lacking.url));
  const failing = databases.find((each) => each.error);
  if (failing) return h("span", {}, "cannot query ", h("b", {}, failing.url));
  return h("span", {}, "until ", h("b", {}, databases[0].url), " has it");
}

function scraperNames(scrapers) {
  const [first] = scrapers;
  const name = h("b", {}, first.address);
  return scrapers.length > 1 ? h("span", {}, name, ` and ${count(scrapers.length - 1)} more`) : name;
}

function quoted(value) {
  return JSON.stringify(value);
}
