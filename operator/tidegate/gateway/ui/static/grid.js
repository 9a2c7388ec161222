// A list of any length that contains only the visible rows. The keyboard moves the active row. Screen readers find it
// by its id, so that the focus stays on the list.

import { h, show } from "./dom.js";
import { Rows } from "./rows.js";

const SPARE = 8;
const SETTLE_MS = 80;
const USUAL_HEIGHT = 32;
const USUAL_ROWS = 40;

/**
 * Columns are `{name, title, sort, cell(group)}`.
 *
 * `load(offset, limit)` requests rows. `onOpen(group)` is called when the user opens a row, `onSort(sort)` when the
 * user sorts the list, and `onError(error)` when rows cannot be loaded.
 */
export class Grid {
  constructor({ label, columns, load, onOpen, onSort, onError }) {
    Object.assign(this, { columns, onOpen, onSort, onError });
    this.rows = new Rows({ load, onRows: () => this.draw() });
    this.active = 0;
    this.opened = null;
    this.drawn = new Map();
    this.headers = h("div", { role: "row", class: "row head" }, columns.map((column) => this.header(column)));
    this.body = h("div", { role: "rowgroup", class: "rows" });
    this.element = h("div", { class: "grid", role: "grid", tabindex: "0", "aria-label": label,
      "aria-colcount": columns.length, onscroll: () => this.onScroll(), onkeydown: (event) => this.onKey(event),
      onfocus: () => this.mark() },
    h("div", { role: "rowgroup", class: "heads" }, this.headers), this.body);
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  /** Show the list of a response, which contains some of its rows. */
  start(response) {
    const activeKey = keyOf(this.rows.at(this.active));
    this.rows.start(response);
    const moved = [...this.rows.loaded].find(([, group]) => keyOf(group) === activeKey);
    this.active = Math.max(0, Math.min(moved ? moved[0] : this.active, response.total - 1));
    this.element.setAttribute("aria-rowcount", response.total + 1);
    this.draw();
    this.fill();
  }

  /** The indexes of the visible rows, and some before and after them. */
  window() {
    const height = this.rowHeight();
    const first = Math.max(0, Math.floor(this.element.scrollTop / height) - SPARE);
    const visible = this.element.isConnected ? Math.ceil(this.element.clientHeight / height) : USUAL_ROWS;
    return { first, end: first + visible + 2 * SPARE };
  }

  /** Scroll to the top. */
  reset() {
    this.active = 0;
    this.element.scrollTop = 0;
  }

  sortedBy(name, isDescending) {
    for (const header of this.headers.children) {
      const isSorted = header.dataset.sort === name;
      if (!header.dataset.sort) continue;
      header.setAttribute("aria-sort", isSorted ? (isDescending ? "descending" : "ascending") : "none");
    }
  }

  /** Mark the group with these labels as open; null for none. */
  open(labels) {
    this.opened = labels && JSON.stringify(labels);
    this.draw();
  }

  header({ name, title, sort }) {
    const props = { type: "button", tabindex: "0", onclick: () => this.onSort(sort) };
    return h("div", { role: "columnheader", class: `cell ${name}`, "data-sort": sort, "aria-sort": sort && "none" },
      sort ? h("button", props, title) : title);
  }

  rowHeight() {
    return parseFloat(getComputedStyle(this.element).getPropertyValue("--row-height")) || USUAL_HEIGHT;
  }

  draw() {
    const height = this.rowHeight();
    const { first, end } = this.window();
    this.body.style.height = `${this.rows.total * height}px`;
    const drawn = new Map();
    for (let index = first; index < Math.min(end, this.rows.total); index += 1) {
      drawn.set(index, this.row(index, height));
    }
    for (const [index, { element }] of this.drawn) if (drawn.get(index)?.element !== element) element.remove();
    for (const { element } of drawn.values()) if (!element.isConnected) this.body.append(element);
    this.drawn = drawn;
    this.mark();
  }

  /** The row that is already drawn, or a new one if its content has changed. */
  row(index, height) {
    const group = this.rows.at(index);
    const content = `${height} ${JSON.stringify(group)}`;
    const before = this.drawn.get(index);
    if (before?.content === content) return before;
    const cells = this.columns.map((column) => h("div", { role: "gridcell", class: `cell ${column.name}` },
      group && !group.gone ? column.cell(group) : placeholder(group, column)));
    const element = h("div", { role: "row", class: "row", id: `row-${index}`, "aria-rowindex": index + 2,
      onclick: () => this.onClick(index) }, cells);
    element.style.transform = `translateY(${index * height}px)`;
    return { content, element };
  }

  mark() {
    for (const [index, { element }] of this.drawn) {
      element.classList.toggle("active", index === this.active);
      element.setAttribute("aria-selected", keyOf(this.rows.at(index)) === this.opened && this.opened !== null);
    }
    if (this.drawn.has(this.active)) this.element.setAttribute("aria-activedescendant", `row-${this.active}`);
    else this.element.removeAttribute("aria-activedescendant");
  }

  onScroll() {
    this.draw();
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.fill(), SETTLE_MS);
  }

  fill() {
    const { first, end } = this.window();
    this.rows.load(first, end).catch((error) => this.onError(error));
  }

  onClick(index) {
    this.active = index;
    this.mark();
    this.openActive();
  }

  openActive() {
    const group = this.rows.at(this.active);
    if (group && !group.gone) this.onOpen(group);
  }

  onKey(event) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.rowHeight()) - 2);
    const last = this.rows.total - 1;
    const targets = { ArrowDown: this.active + 1, ArrowUp: this.active - 1, PageDown: this.active + page,
      PageUp: this.active - page, Home: 0, End: last };
    if (event.target !== this.element || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") this.openActive();
    else if (event.key in targets) this.move(Math.max(0, Math.min(last, targets[event.key])));
    else return;
    event.preventDefault();
  }

  move(index) {
    const height = this.rowHeight();
    const head = this.headers.offsetHeight;
    const top = index * height;
    this.active = index;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    const bottom = top + height + head - this.element.clientHeight;
    if (bottom > this.element.scrollTop) this.element.scrollTop = bottom;
    this.draw();
  }
}

function keyOf(group) {
  return group ? JSON.stringify(group.labels) : null;
}

function placeholder(group, column) {
  return h("span", { class: "none" }, column.name !== "group" ? "" : group ? "deleted" : "…");
}
