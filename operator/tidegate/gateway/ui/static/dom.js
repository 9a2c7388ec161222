// Elements, made without a line of HTML: whatever was pushed becomes text, and can become nothing else.

const SVG = "http://www.w3.org/2000/svg";

/** An element. Of `props`, functions listen (`onclick`), the rest are attributes; children are nodes or texts. */
export function h(tag, props = {}, ...children) {
  return filled(document.createElement(tag), props, children);
}

/** The same for SVG. */
export function svg(tag, props = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), props, children);
}

/** Show these children in the place of those that are there. */
export function show(element, ...children) {
  element.replaceChildren(...children.flat().filter(isShown));
}

/** Set the text only where it differs, so that nobody is told again what has not changed. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A label that shows a control. */
export function labelled(text, control) {
  return h("label", { class: "field" }, h("span", {}, text), control);
}

/** A list to choose from: `options` are pairs of a value and a text. */
export function choice(options, onchange) {
  const select = h("select", { onchange: () => onchange(select.value) });
  offer(select, options);
  return select;
}

/** Offer these options, and keep what is chosen. */
export function offer(select, options) {
  const known = [...select.options].map((option) => `${option.value} ${option.text}`).join();
  if (known === options.map(([value, text]) => `${value} ${text}`).join()) return;
  const chosen = select.value;
  show(select, options.map(([value, text]) => h("option", { value }, text)));
  select.value = options.some(([value]) => value === chosen) ? chosen : "";
}

function filled(element, props, children) {
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
