// Creation of elements without HTML: pushed strings can only become text.

const SVG = "http://www.w3.org/2000/svg";

/** Create an element. Functions in `props` are event listeners (`onclick`), the rest are attributes. */
export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** Create an SVG element. */
export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

/** Replace the children of an element. */
export function show(element, ...children) {
  element.replaceChildren(...children.flat().filter(isShown));
}

/** Set the text if it differs, so that screen readers do not repeat unchanged text. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A control with a label. */
export function labelled(text, control) {
  return h("label", { class: "field" }, h("span", {}, text), control);
}

/** A drop-down list; `options` are pairs of value and text. */
export function choice(options, onchange) {
  const select = h("select", { onchange: () => onchange(select.value) });
  setOptions(select, options);
  return select;
}

/** Set the options of a drop-down list and keep the selected one. */
export function setOptions(select, options) {
  const current = [...select.options].map((option) => `${option.value} ${option.text}`).join();
  if (current === options.map(([value, text]) => `${value} ${text}`).join()) return;
  const selected = select.value;
  show(select, options.map(([value, text]) => h("option", { value }, text)));
  select.value = options.some(([value]) => value === selected) ? selected : "";
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (isShown(value)) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter(isShown));
  return element;
}

function isShown(value) {
  return value !== null && value !== undefined && value !== false;
}
