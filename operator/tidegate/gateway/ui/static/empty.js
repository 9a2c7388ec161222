// What is said where there is nothing: how to push, or how to see more.

import { at } from "./api.js";
import { h } from "./dom.js";

/** In the place of a list without a group. */
export function empty({ isFiltered, onClear }) {
  if (isFiltered) {
    return h("div", { class: "empty" }, h("h2", {}, "No group is like that"),
      h("p", {}, h("button", { type: "button", onclick: onClear }, "Show all groups")));
  }
  const url = at("metrics/job/some_job");
  return h("div", { class: "empty" }, h("h2", {}, "Nothing has been pushed yet"),
    h("p", {}, "A Job pushes like this, and its group is here a moment later:"),
    h("pre", { tabindex: "0" }, `echo "some_metric 3.14" | curl --data-binary @- ${url}`),
    h("p", {}, "The group's name is in the path: ", h("code", {}, "/metrics/job/NAME"),
      ", with more labels behind it as ", h("code", {}, "/LABEL/VALUE"), "."));
}
