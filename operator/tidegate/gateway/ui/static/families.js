// The families of a group with their samples, each to be folded.

import { h } from "./dom.js";
import { counted } from "./format.js";

const OPEN_UP_TO = 12;

/** Families as they are in the answer; `unfolded` remembers which ones somebody has folded or unfolded. */
export function families(pushed, { unfolded }) {
  if (!pushed.length) return h("p", { class: "none" }, "No metrics: every push so far was refused.");
  return h("div", { class: "families" }, pushed.map((family) => folding(family, unfolded)));
}

function folding(family, unfolded) {
  const isOpen = (pushed) => unfolded.has(pushed.name) !== pushed.metric_count <= OPEN_UP_TO;
  const details = h("details", { class: "family", open: isOpen(family) },
    h("summary", {}, h("b", {}, family.name), " ",
      h("span", { class: "none" }, `${family.type.toLowerCase()}, ${counted(family.metric_count, "metric")}`)),
    family.help ? h("p", { class: "help" }, family.help) : null,
    h("table", {}, h("caption", { class: "unseen" }, family.name),
      h("thead", { class: "unseen" }, h("tr", {}, h("th", {}, "Labels"), h("th", {}, "Value"))),
      h("tbody", {}, family.metrics.map(sample))));
  details.addEventListener("toggle", () => {
    if (details.open === isOpen(family)) return;
    if (!unfolded.delete(family.name)) unfolded.add(family.name);
  });
  return details;
}

function sample(metric) {
  const said = Object.entries(metric.labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(", ");
  return h("tr", {}, h("td", {}, said ? `{${said}}` : "{}"), h("td", { class: "value" }, value(metric)));
}

function value(metric) {
  if ("value" in metric) return metric.value;
  const parts = metric.quantiles ?? metric.buckets;
  const listed = Array.isArray(parts) ? parts.map(([, from, to, number]) => [`${from}…${to}`, number])
    : inOrder(Object.entries(parts ?? {})).map(
      ([bound, number]) => [metric.quantiles ? bound : `≤ ${bound}`, number]);
  return h("dl", { class: "parts" }, [...listed, ["count", metric.count], ["sum", metric.sum]].flatMap(
    ([name, number]) => [h("dt", {}, name), h("dd", {}, number)]));
}

/** By the bounds: of an object the keys that are whole numbers come first, whatever the answer had. */
function inOrder(parts) {
  const bound = ([name]) => (name === "+Inf" ? Infinity : Number(name));
  return parts.sort((one, other) => bound(one) - bound(other));
}
