// The list of groups with filters and sorting, and the view of one group.

import { get } from "./api.js";
import { labels, lastRejected, owners, sparkline, state } from "./cells.js";
import { Detail } from "./detail.js";
import { deleteBySelector } from "./dialogs.js";
import { h, setText, show } from "./dom.js";
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
  { name: "failed", title: "Last rejected", sort: "failed", cell: lastRejected },
  { name: "series", title: "Series", sort: "series", cell: (group) => count(group.series) },
  { name: "pushes", title: "Pushes, 24 h", cell: (group) => sparkline(group.pushes) },
];
const NEWEST_FIRST = ["pushed", "failed", "series"];

export class Groups {
  constructor({ isReadOnly, onError }) {
    Object.assign(this, { isReadOnly, onError });
    this.filters = new Filters({ onChange: (values) => this.filter(values) });
    this.grid = new Grid({ label: "Groups", columns: COLUMNS, load: (offset, limit) => this.load(offset, limit),
      onOpen: (group) => this.open(group.labels), onSort: (sort) => this.sort(sort),
      onError: (error) => this.showError(error) });
    this.detail = new Detail({ isReadOnly, onClose: () => this.open(null), onDeleted: () => this.open(null) });
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

  /** Show what the URL selects. */
  enter(params) {
    this.params = Object.fromEntries(params);
    this.filters.set(params);
    this.grid.sortedBy(this.params.sort ?? "labels", this.params.order === "desc");
    const opened = params.get("open");
    this.grid.open(opened && readLabels(opened));
    this.detail.open(opened && readLabels(opened));
    return this.refresh();
  }

  /** Refresh the list after a change, but not so often that it keeps the gateway busy. */
  changed() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.refresh(), Math.max(0, this.pausedUntil - performance.now()));
  }

  async refresh() {
    clearTimeout(this.waiting);
    this.pending?.abort();
    const pending = (this.pending = new AbortController());
    const began = performance.now();
    const { first, end } = this.grid.window();
    const { sort, order, ...values } = this.params;
    delete values.open;
    const query = { ...Filters.query({ search: "", ...values }), sort, order, offset: first, limit: end - first };
    let response;
    try {
      response = await get("groups", withoutUndefined(query), { signal: pending.signal });
      this.show(response);
    } catch (error) {
      if (error.name !== "AbortError") this.showError(error);
      return;
    }
    const duration = performance.now() - began;
    this.pausedUntil = performance.now() + Math.max(SHORTEST_PAUSE_MS, PAUSE_FACTOR * duration);
    this.onError(null);
    if (!response.is_current) this.changed();
    await this.detail.refresh();
  }

  show(response) {
    setNow(response.now);
    this.listing = response.listing;
    const all = response.states.live + response.states.draining;
    this.filters.showError("");
    this.filters.setChoices(response);
    const part = response.total === all ? "" : `${count(response.total)} of `;
    setText(this.total, part + counted(all, "group"));
    if (!response.total) {
      show(this.place, empty({ isFiltered: all > 0, onClear: () => this.filters.clear() }));
    } else if (!this.grid.element.isConnected) {
      show(this.place, this.grid.element);
    }
    this.grid.start(response);
  }

  /** Show the error of a selector below the search field, any other at the top of the page. */
  showError(error) {
    if (error.status === 400 && this.params.search?.startsWith("{")) this.filters.showError(error.message);
    else if (error.status === 410) this.changed(); // The gateway no longer has the list: request a new one.
    else this.onError(error);
  }

  async load(offset, limit) {
    return get("groups", { listing: this.listing, offset, limit });
  }

  filter(values) {
    this.grid.reset();
    this.navigate({ ...this.params, ...values }, { replace: true });
  }

  sort(sort) {
    const isSame = (this.params.sort ?? "labels") === sort;
    const isDescending = isSame ? this.params.order !== "desc" : NEWEST_FIRST.includes(sort);
    this.grid.reset();
    this.navigate({ ...this.params, sort, order: isDescending ? "desc" : "" }, { replace: true });
  }

  open(labels) {
    this.navigate({ ...this.params, open: labels && JSON.stringify(labels) });
    if (labels) this.detail.focus();
    else this.grid.element.focus();
  }

  navigate(params, { replace = false } = {}) {
    go("groups", params, { replace });
    this.enter(here().params);
  }

  async removeSelected() {
    if (await deleteBySelector(this.params.search?.startsWith("{") ? this.params.search : "")) await this.refresh();
  }
}

function withoutUndefined(query) {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
}

function readLabels(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
