// A list of any length, of which only the rows that can be seen are there. The keyboard moves an active row; what is
// active is told to screen readers by its id, so that the focus need not jump from row to row.

import { h, show } from "./dom.js";
import { Rows } from "./rows.js";

const SPARE = 8;
const SETTLE_MS = 80;
const USUAL_HEIGHT = 32;
const USUAL_ROWS = 40;

/**
 * Columns are `{name, title, sort, cell(group)}`.
 *
 * `load(offset, limit)` gets rows, `onOpen(group)` hears of a row that somebody wants to see, `onSort(sort)` of another
 * order, `onError(error)` of rows that cannot be had.
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
      "aria-colcount": columns.length, onscroll: () => this.scrolled(), onkeydown: (event) => this.pressed(event),
      onfocus: () => this.mark() },
    h("div", { role: "rowgroup", class: "heads" }, this.headers), this.body);
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  /** Show a list, of which the answer has some rows. */
  start(answer) {
    const kept = keyOf(this.rows.at(this.active));
    this.rows.start(answer);
    const moved = [...this.rows.known].find(([, group]) => keyOf(group) === kept);
    this.active = Math.max(0, Math.min(moved ? moved[0] : this.active, answer.total - 1));
    this.element.setAttribute("aria-rowcount", answer.total + 1);
    this.draw();
    this.fill();
  }

  /** The places that can be seen, and some before and after them. */
  window() {
    const height = this.rowHeight();
    const first = Math.max(0, Math.floor(this.element.scrollTop / height) - SPARE);
    const seen = this.element.isConnected ? Math.ceil(this.element.clientHeight / height) : USUAL_ROWS;
    return { first, end: first + seen + 2 * SPARE };
  }

  /** Begin again at the top. */
  reset() {
    this.active = 0;
    this.element.scrollTop = 0;
  }

  sortedBy(name, isDescending) {
    for (const header of this.headers.children) {
      const isIt = header.dataset.sort === name;
      if (!header.dataset.sort) continue;
      header.setAttribute("aria-sort", isIt ? (isDescending ? "descending" : "ascending") : "none");
    }
  }

  /** The group with these labels is open beside the list; null for none. */
  open(labels) {
    this.opened = labels && JSON.stringify(labels);
    this.draw();
  }

  header({ name, title, sort }) {
    const toSort = { type: "button", tabindex: "0", onclick: () => this.onSort(sort) };
    return h("div", { role: "columnheader", class: `cell ${name}`, "data-sort": sort, "aria-sort": sort && "none" },
      sort ? h("button", toSort, title) : title);
  }

  rowHeight() {
    return parseFloat(getComputedStyle(this.element).getPropertyValue("--row-height")) || USUAL_HEIGHT;
  }

  draw() {
    const height = this.rowHeight();
    const { first, end } = this.window();
    this.body.style.height = `${this.rows.total * height}px`;
    const drawn = new Map();
    for (let place = first; place < Math.min(end, this.rows.total); place += 1) {
      drawn.set(place, this.row(place, height));
    }
    for (const [place, { element }] of this.drawn) if (drawn.get(place)?.element !== element) element.remove();
    for (const { element } of drawn.values()) if (!element.isConnected) this.body.append(element);
    this.drawn = drawn;
    this.mark();
  }

  /** The row as it stands there already, or a new one where it says something else by now. */
  row(place, height) {
    const group = this.rows.at(place);
    const says = `${height} ${JSON.stringify(group)}`;
    const before = this.drawn.get(place);
    if (before?.says === says) return before;
    const cells = this.columns.map((column) => h("div", { role: "gridcell", class: `cell ${column.name}` },
      group && !group.gone ? column.cell(group) : instead(group, column)));
    const element = h("div", { role: "row", class: "row", id: `row-${place}`, "aria-rowindex": place + 2,
      onclick: () => this.clicked(place) }, cells);
    element.style.transform = `translateY(${place * height}px)`;
    return { says, element };
  }

  mark() {
    for (const [place, { element }] of this.drawn) {
      element.classList.toggle("active", place === this.active);
      element.setAttribute("aria-selected", keyOf(this.rows.at(place)) === this.opened && this.opened !== null);
    }
    if (this.drawn.has(this.active)) this.element.setAttribute("aria-activedescendant", `row-${this.active}`);
    else this.element.removeAttribute("aria-activedescendant");
  }

  scrolled() {
    this.draw();
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.fill(), SETTLE_MS);
  }

  fill() {
    const { first, end } = this.window();
    this.rows.need(first, end).catch((error) => this.onError(error));
  }

  clicked(place) {
    this.active = place;
    this.mark();
    this.choose();
  }

  choose() {
    const group = this.rows.at(this.active);
    if (group && !group.gone) this.onOpen(group);
  }

  pressed(event) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.rowHeight()) - 2);
    const last = this.rows.total - 1;
    const places = { ArrowDown: this.active + 1, ArrowUp: this.active - 1, PageDown: this.active + page,
      PageUp: this.active - page, Home: 0, End: last };
    if (event.target !== this.element || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") this.choose();
    else if (event.key in places) this.move(Math.max(0, Math.min(last, places[event.key])));
    else return;
    event.preventDefault();
  }

  move(place) {
    const height = this.rowHeight();
    const head = this.headers.offsetHeight;
    const top = place * height;
    this.active = place;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    const bottom = top + height + head - this.element.clientHeight;
    if (bottom > this.element.scrollTop) this.element.scrollTop = bottom;
    this.draw();
  }
}

function keyOf(group) {
  return group ? JSON.stringify(group.labels) : null;
}

function instead(group, column) {
  return h("span", { class: "none" }, column.name !== "group" ? "" : group ? "deleted meanwhile" : "…");
}
