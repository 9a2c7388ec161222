// The view of one group: the reason why it exists, its owners, its metrics.

import { at, get } from "./api.js";
import { labels, lastRejected, owner, selector, sparkline, state } from "./cells.js";
import { confirmDelete } from "./dialogs.js";
import { h, show } from "./dom.js";
import { families } from "./families.js";
import { ago, counted, count } from "./format.js";

export class Detail {
  constructor({ isReadOnly, onClose, onDeleted }) {
    Object.assign(this, { isReadOnly, onClose, onDeleted });
    this.heading = h("h2", { tabindex: "-1", id: "detail-title" });
    this.content = h("div", { class: "content" });
    this.buttons = h("div", { class: "buttons" },
      isReadOnly ? null : h("button", { type: "button", class: "danger", onclick: () => this.remove() }, "Delete…"),
      h("button", { type: "button", onclick: () => this.onClose() }, "Close"));
    this.element = h("aside", { class: "detail", "aria-labelledby": "detail-title", hidden: true, tabindex: "0",
      onkeydown: (event) => event.key === "Escape" && this.onClose() },
    h("div", { class: "title" }, this.heading, this.buttons), this.content);
    this.labels = null;
    this.toggled = new Set();
  }

  /** Show the group with these labels; null closes the view. */
  open(groupLabels) {
    const isSame = JSON.stringify(groupLabels) === JSON.stringify(this.labels);
    this.labels = groupLabels;
    this.element.hidden = !groupLabels;
    if (isSame || !groupLabels) return;
    this.shown = "";
    this.toggled.clear();
    show(this.heading, labels(groupLabels));
    show(this.content, h("p", { class: "none" }, "…"));
  }

  focus() {
    this.heading.focus();
  }

  async refresh() {
    const requested = this.labels;
    if (!requested) return;
    let response;
    try {
      response = await get("group", { labels: JSON.stringify(requested) });
    } catch (error) {
      if (requested === this.labels) this.showError(error);
      return;
    }
    const content = JSON.stringify({ ...response, now: 0, why: 0 });
    if (requested !== this.labels) return;
    if (content !== this.shown) this.show(response);
    else show(this.why, response.why.map((sentence) => `${sentence} `));
    this.shown = content;
  }

  show({ group, why, pushers, families: pushed, is_cut: isCut }) {
    this.why = h("p", { class: "why" }, why.map((sentence) => `${sentence} `));
    show(this.content, this.why,
      h("dl", {},
        pair("State", state(group)),
        pair(group.owner_count === 1 ? "Owner" : "Owners", ownersOf(group)),
        pair("Last push", ago(group.push_time)),
        pair("Last rejected", lastRejected(group)),
        pair("Pushed from", pushers.length ? pushers.join(", ") : h("span", { class: "none" }, "unknown")),
        pair("Pushes, 24 h", sparkline(group.pushes)),
        pair("Series", `${count(group.series)} in ${counted(group.families, "family").replace("familys", "families")}`),
        pair("Selector", h("code", {}, selector(group.labels)))),
      h("h3", {}, "Metrics"),
      families(pushed, { toggled: this.toggled }),
      isCut ? h("p", { class: "none" }, "Some metrics are not shown. All of them are in ",
        h("a", { href: at("metrics") }, "/metrics"), ".") : null);
  }

  showError(error) {
    this.shown = "";
    if (error.status === 404) {
      show(this.content, h("p", { class: "why" }, "This group has been deleted. "),
        h("p", {}, "If it was deleted recently, the reason is listed under ",
          h("a", { href: "#deletions" }, "Deletions"), "."));
    } else {
      show(this.content, h("p", { class: "error" }, error.message));
    }
  }

  async remove() {
    if (await confirmDelete(this.labels)) this.onDeleted();
  }
}

function pair(name, value) {
  return [h("dt", {}, name), h("dd", {}, value)];
}

function ownersOf(group) {
  if (!group.owners.length) return h("span", { class: "none" }, "none known to the gateway");
  const rule = (each) => h("span", { class: "none" }, ` (rule: ${each.rule})`);
  return h("ul", {}, group.owners.map((each) => h("li", {}, owner(each), rule(each))));
}
