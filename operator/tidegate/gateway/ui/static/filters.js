// The filters of the list of groups. Their values are in the page's URL, so that it can be shared.

import { choice, h, labelled, setOptions, show } from "./dom.js";
import { count } from "./format.js";

const TYPING_MS = 250;
const NAMES = ["search", "state", "ownership", "kind", "namespace"];
const STATES = [["", "any state"], ["live", "live"], ["draining", "draining"], ["ttl", "with a TTL"],
  ["failing", "last push rejected"]];
const OWNERSHIPS = [["", "any"], ["claimed", "claimed: has an owner"],
  ["retired", "retired: all owners finished"],
  ["none", "no owner"]];

/** The controls; `onChange(values)` is called after every change. */
export class Filters {
  constructor({ onChange }) {
    this.onChange = () => onChange(this.values());
    this.search = h("input", { type: "search", id: "search", spellcheck: "false", autocomplete: "off",
      placeholder: 'words, or a selector such as {job="backup"}', "aria-describedby": "search-error",
      oninput: () => this.changeSoon() });
    this.error = h("p", { class: "error", id: "search-error", role: "status" });
    this.state = choice(STATES, this.onChange);
    this.ownership = choice(OWNERSHIPS, this.onChange);
    this.kind = choice([["", "any kind"]], this.onChange);
    this.namespace = choice([["", "any namespace"]], this.onChange);
    this.element = h("form", { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
      h("label", { class: "field wide" }, h("span", {}, "Search"), this.search),
      labelled("State", this.state), labelled("Owner", this.ownership),
      labelled("Owner's kind", this.kind), labelled("Owner's namespace", this.namespace), this.error);
  }

  values() {
    return Object.fromEntries(NAMES.map((name) => [name, this[name].value.trim()]));
  }

  set(params) {
    for (const name of NAMES) {
      const value = params.get(name) ?? "";
      const control = this[name];
      if (control.value.trim() === value) continue;
      if (control.tagName === "SELECT" && ![...control.options].some((option) => option.value === value)) {
        control.append(h("option", { value }, value));
      }
      control.value = value;
    }
  }

  /** The query parameters for these values. A search that begins with a brace is a selector. */
  static query({ search, ...values }) {
    return search.startsWith("{") ? { ...values, "match[]": search } : { ...values, search };
  }

  /** Set the kinds and namespaces to select from. */
  setChoices({ kinds, namespaces }) {
    setOptions(this.kind, [["", "any kind"], ...options(kinds)]);
    setOptions(this.namespace, [["", "any namespace"], ...options(namespaces)]);
  }

  showError(message) {
    show(this.error, message);
    this.search.toggleAttribute("aria-invalid", Boolean(message));
    if (message) this.search.setAttribute("aria-invalid", "true");
  }

  clear() {
    for (const name of NAMES) this[name].value = "";
    this.onChange();
  }

  changeSoon() {
    clearTimeout(this.typing);
    this.typing = setTimeout(this.onChange, TYPING_MS);
  }
}

function options(names) {
  return Object.entries(names).map(([name, number]) => [name, `${name} (${count(number)})`]);
}
