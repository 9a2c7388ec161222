// The text instead of an empty list: how to push, or how to show all groups.

import { at } from "./api.js";
import { h } from "./dom.js";

/** The element to show instead of a list without groups. */
export function empty({ isFiltered, onClear }) {
  if (isFiltered) {
    return h("div", { class: "empty" }, h("h2", {}, "No group matches"),
      h("p", {}, h("button", { type: "button", onclick: onClear }, "Show all groups")));
  }
  const url = at("metrics/job/some_job");
  return h("div", { class: "empty" }, h("h2", {}, "Nothing has been pushed yet"),
    h("p", {}, "Push a metric, and its group appears here:"),
    h("pre", { tabindex: "0" }, `echo "some_metric 3.14" | curl --data-binary @- ${url}`),
    h("p", {}, "The path names the group: ", h("code", {}, "/metrics/job/NAME"),
      ", followed by further labels as ", h("code", {}, "/LABEL/VALUE"), "."));
}
