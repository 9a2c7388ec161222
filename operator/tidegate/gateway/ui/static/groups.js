// The groups: sought, sorted, and one of them open beside the others.

import { ask } from "./api.js";
import { labels, owners, refused, sparkline, state } from "./cells.js";
import { Detail } from "./detail.js";
import { askSelector } from "./dialogs.js";
import { h, say, show } from "./dom.js";
import { empty } from "./empty.js";
import { Filters } from "./filters.js";
import { ago, count, counted, setNow } from "./format.js";
import { Grid } from "./grid.js";
import { go, here } from "./route.js";

const SHORTEST_PAUSE_MS = 2000;
const PAUSE_FACTOR = 10;
const COLUMNS = [
  { name: "group", title: "Group", sort: "labels", cell: (group) => labels(group.labels) },
  { name: "owners", title: "Owner", sort: "owner", cell: owners },
  { name: "states", title: "State", sort: "state", cell: state },
  { name: "pushed", title: "Last push", sort: "pushed", cell: (group) => ago(group.push_time) },
  { name: "failed", title: "Last refused", sort: "failed", cell: refused },
  { name: "series", title: "Series", sort: "series", cell: (group) => count(group.series) },
  { name: "pushes", title: "Pushes, 24 h", cell: (group) => sparkline(group.pushes) },
];
const NEWEST_FIRST = ["pushed", "failed", "series"];

export class Groups {
  constructor({ isReadOnly, onError }) {
    Object.assign(this, { isReadOnly, onError });
    this.filters = new Filters({ onChange: (values) => this.seek(values) });
    this.grid = new Grid({ label: "Groups", columns: COLUMNS, load: (offset, limit) => this.load(offset, limit),
      onOpen: (group) => this.open(group.labels), onSort: (sort) => this.sort(sort),
      onError: (error) => this.failed(error) });
    this.detail = new Detail({ isReadOnly, onClose: () => this.open(null), onDeleted: () => this.removed() });
    this.total = h("p", { class: "total", role: "status" });
    this.place = h("div", { class: "place" });
    const remove = h("button", { type: "button", onclick: () => this.removeSelected() }, "Delete by selector…");
    this.element = h("section", { class: "view groups", "aria-label": "Groups" },
      this.filters.element, h("div", { class: "above" }, this.total, isReadOnly ? null : remove),
      h("div", { class: "beside" }, this.place, this.detail.element));
    this.pausedUntil = 0;
  }

  title() {
    return "Groups";
  }

  /** The address says something else now. */
  enter(params) {
    this.params = Object.fromEntries(params);
    this.filters.set(params);
    this.grid.sortedBy(this.params.sort ?? "labels", this.params.order === "desc");
    const opened = params.get("open");
    this.grid.open(opened && readLabels(opened));
    this.detail.open(opened && readLabels(opened));
    return this.refresh();
  }

  /** Something may have changed; looked at again, but not so often that it would keep the gateway busy. */
  changed() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.refresh(), Math.max(0, this.pausedUntil - performance.now()));
  }

  async refresh() {
    clearTimeout(this.waiting);
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    const began = performance.now();
    const { first, end } = this.grid.window();
    const { sort, order, ...values } = this.params;
    delete values.open;
    const query = { ...Filters.query({ search: "", ...values }), sort, order, offset: first, limit: end - first };
    let answer;
    try {
      answer = await ask("groups", dropped(query), { signal: asking.signal });
      this.show(answer);
    } catch (error) {
      if (error.name !== "AbortError") this.failed(error);
      return;
    }
    const took = performance.now() - began;
    this.pausedUntil = performance.now() + Math.max(SHORTEST_PAUSE_MS, PAUSE_FACTOR * took);
    this.onError(null);
    if (!answer.is_current) this.changed();
    await this.detail.refresh();
  }

  show(answer) {
    setNow(answer.now);
    this.listing = answer.listing;
    const all = answer.states.live + answer.states.draining;
    this.filters.complain("");
    this.filters.offer(answer);
    const part = answer.total === all ? "" : `${count(answer.total)} of `;
    say(this.total, part + counted(all, "group"));
    if (!answer.total) {
      show(this.place, empty({ isFiltered: all > 0, onClear: () => this.filters.clear() }));
    } else if (!this.grid.element.isConnected) {
      show(this.place, this.grid.element);
    }
    this.grid.start(answer);
  }

  /** What a selector lacks stands below it; everything else is the page's. */
  failed(error) {
    if (error.status === 400 && this.params.search?.startsWith("{")) this.filters.complain(error.message);
    else if (error.status === 410) this.changed(); // The list is no longer kept: another is made.
    else this.onError(error);
  }

  async load(offset, limit) {
    return ask("groups", { listing: this.listing, offset, limit });
  }

  seek(values) {
    this.grid.reset();
    this.to({ ...this.params, ...values }, { replace: true });
  }

  sort(sort) {
    const isSame = (this.params.sort ?? "labels") === sort;
    const isDescending = isSame ? this.params.order !== "desc" : NEWEST_FIRST.includes(sort);
    this.grid.reset();
    this.to({ ...this.params, sort, order: isDescending ? "desc" : "" }, { replace: true });
  }

  open(labels) {
    this.to({ ...this.params, open: labels && JSON.stringify(labels) });
    if (labels) this.detail.focus();
    else this.grid.element.focus();
  }

  to(params, { replace = false } = {}) {
    go("groups", params, { replace });
    this.enter(here().params);
  }

  removed() {
    this.open(null);
  }

  async removeSelected() {
    if (await askSelector(this.params.search?.startsWith("{") ? this.params.search : "")) await this.refresh();
  }
}

function dropped(query) {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
}

function readLabels(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
