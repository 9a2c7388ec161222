// One group: why it is still there, whose it is, what was pushed.

import { ask, at } from "./api.js";
import { labels, owner, refused, selector, sparkline, state } from "./cells.js";
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
    this.unfolded = new Set();
  }

  /** Show the group with these labels; null for none. */
  open(labelsOfIt) {
    const isSame = JSON.stringify(labelsOfIt) === JSON.stringify(this.labels);
    this.labels = labelsOfIt;
    this.element.hidden = !labelsOfIt;
    if (isSame || !labelsOfIt) return;
    this.told = "";
    this.unfolded.clear();
    show(this.heading, labels(labelsOfIt));
    show(this.content, h("p", { class: "none" }, "…"));
  }

  focus() {
    this.heading.focus();
  }

  async refresh() {
    const wanted = this.labels;
    if (!wanted) return;
    let answer;
    try {
      answer = await ask("group", { labels: JSON.stringify(wanted) });
    } catch (error) {
      if (wanted === this.labels) this.failed(error);
      return;
    }
    const told = JSON.stringify({ ...answer, now: 0, why: 0 });
    if (wanted !== this.labels) return;
    if (told !== this.told) this.show(answer);
    else show(this.why, answer.why.map((sentence) => `${sentence} `));
    this.told = told;
  }

  show({ group, why, pushers, families: pushed, is_cut: isCut }) {
    this.why = h("p", { class: "why" }, why.map((sentence) => `${sentence} `));
    show(this.content, this.why,
      h("dl", {},
        pair("State", state(group)),
        pair(group.owner_count === 1 ? "Owner" : "Owners", ownersOf(group)),
        pair("Last push", ago(group.push_time)),
        pair("Last refused", refused(group)),
        pair("Pushed from", pushers.length ? pushers.join(", ") : h("span", { class: "none" }, "unknown")),
        pair("Pushes, 24 h", sparkline(group.pushes)),
        pair("Series", `${count(group.series)} in ${counted(group.families, "family").replace("familys", "families")}`),
        pair("Selector", h("code", {}, selector(group.labels)))),
      h("h3", {}, "Metrics"),
      families(pushed, { unfolded: this.unfolded }),
      isCut ? h("p", { class: "none" }, "There are more. All of them are in ",
        h("a", { href: at("metrics") }, "/metrics"), ".") : null);
  }

  failed(error) {
    this.told = "";
    if (error.status === 404) {
      show(this.content, h("p", { class: "why" }, "This group has been deleted. "),
        h("p", {}, h("a", { href: "#deletions" }, "Deletions"), " says why, if it was not long ago."));
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
  if (!group.owners.length) return h("span", { class: "none" }, "nobody, as far as the gateway knows");
  const rule = (one) => h("span", { class: "none" }, ` by its ${one.rule}`);
  return h("ul", {}, group.owners.map((one) => h("li", {}, owner(one), rule(one))));
}
