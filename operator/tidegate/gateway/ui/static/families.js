// The families of a group with their samples. Each can be collapsed.

import { h } from "./dom.js";
import { counted } from "./format.js";

const OPEN_UP_TO = 12;

/** `pushed` are the families of the response; `toggled` is the set of those that the user has expanded or collapsed. */
export function families(pushed, { toggled }) {
  if (!pushed.length) return h("p", { class: "none" }, "No metrics: every push so far was rejected.");
  return h("div", { class: "families" }, pushed.map((family) => details(family, toggled)));
}

function details(family, toggled) {
  const isOpen = ({ name, metric_count: size }) => toggled.has(name) !== size <= OPEN_UP_TO;
  const element = h("details", { class: "family", open: isOpen(family) },
    h("summary", {}, h("b", {}, family.name), " ",
      h("span", { class: "none" }, `${family.type.toLowerCase()}, ${counted(family.metric_count, "metric")}`)),
    family.help ? h("p", { class: "help" }, family.help) : null,
    h("table", {}, h("caption", { class: "unseen" }, family.name),
      h("thead", { class: "unseen" }, h("tr", {}, h("th", {}, "Labels"), h("th", {}, "Value"))),
      h("tbody", {}, family.metrics.map(sample))));
  element.addEventListener("toggle", () => {
    if (element.open === isOpen(family)) return;
    if (!toggled.delete(family.name)) toggled.add(family.name);
  });
  return element;
}

function sample(metric) {
  const labels = Object.entries(metric.labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(", ");
  return h("tr", {}, h("td", {}, labels ? `{${labels}}` : "{}"), h("td", { class: "value" }, value(metric)));
}

function value(metric) {
  if ("value" in metric) return metric.value;
  const parts = metric.quantiles ?? metric.buckets;
  const rows = Array.isArray(parts) ? parts.map(([, from, to, number]) => [`${from}…${to}`, number])
    : sortedByBound(Object.entries(parts ?? {})).map(
      ([bound, number]) => [metric.quantiles ? bound : `≤ ${bound}`, number]);
  return h("dl", { class: "parts" }, [...rows, ["count", metric.count], ["sum", metric.sum]].flatMap(
    ([name, number]) => [h("dt", {}, name), h("dd", {}, number)]));
}

/** Sort by bound: in an object, keys that are integers come first, whatever their order in the response. */
function sortedByBound(parts) {
  const bound = ([name]) => (name === "+Inf" ? Infinity : Number(name));
  return parts.sort((one, other) => bound(one) - bound(other));
}
