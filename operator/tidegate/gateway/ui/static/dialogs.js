// What asks before it deletes.

import { deletes } from "./api.js";
import { labels } from "./cells.js";
import { h, show } from "./dom.js";
import { count, counted } from "./format.js";

/** Ask whether this group is to be deleted, and have it deleted; whether it was. */
export function confirmDelete(labelsOfIt) {
  return opened("Delete this group?", (dialog) => {
    const go = h("button", { type: "button", class: "danger", onclick: () =>
      dialog.try(async () => dialog.end(Boolean(await deletes({ labels: labelsOfIt })))) }, "Delete the group");
    return [h("p", {}, labels(labelsOfIt)),
      h("p", {}, "Its series end at Prometheus' next scrape. What Prometheus has read stays there."),
      dialog.buttons(go)];
  });
}

/** Ask for a selector, show what it selects, and have that deleted; whether it was. */
export function askSelector(text) {
  return opened("Delete groups by selector", (dialog) => {
    const input = h("input", { type: "text", value: text, spellcheck: "false", autocomplete: "off",
      placeholder: '{job="backup",instance=~"db-.*"}', oninput: () => forget() });
    const preview = h("div", { class: "preview", "aria-live": "polite" });
    const go = h("button", { type: "button", class: "danger", disabled: true }, "Delete");
    let most = 0;
    const forget = () => {
      go.disabled = true;
      show(preview);
    };
    const look = () => dialog.try(async () => {
      forget();
      const { selected, groups } = await deletes({ match: [input.value], dry_run: true });
      most = selected;
      go.disabled = !selected;
      go.textContent = selected ? `Delete ${counted(selected, "group")}` : "Delete";
      show(preview, selectedList(selected, groups));
    });
    go.addEventListener("click", () =>
      dialog.try(async () => dialog.end(Boolean(await deletes({ match: [input.value], most })))));
    const form = h("form", { onsubmit: (event) => {
      event.preventDefault();
      look();
    } }, h("label", { class: "field wide" }, h("span", {}, "Selector"), input),
    h("button", { type: "submit" }, "Show what would be deleted"));
    return [form, preview, dialog.buttons(go)];
  });
}

function selectedList(selected, groups) {
  if (!selected) return h("p", {}, "It selects no group.");
  const more = selected - groups.length;
  return [h("p", {}, `It selects ${counted(selected, "group")}:`),
    h("ul", { class: "selected", tabindex: "0", "aria-label": "Selected groups" },
      groups.map((each) => h("li", {}, labels(each))),
      more ? h("li", { class: "none" }, `and ${count(more)} more`) : null)];
}

/** A dialog with what `fill(dialog)` makes; its promise is kept when it is closed. */
function opened(title, fill) {
  return new Promise((resolve) => {
    const error = h("p", { class: "error", role: "alert" });
    const element = h("dialog", { "aria-labelledby": "dialog-title" });
    const dialog = {
      /** Do something, and say below what went wrong with it. */
      async try(work) {
        show(error);
        try {
          await work();
        } catch (failure) {
          show(error, failure.message);
        }
      },
      end(outcome) {
        resolve(outcome);
        element.close();
      },
      buttons: (go) => h("div", { class: "buttons" },
        h("button", { type: "button", onclick: () => element.close() }, "Cancel"), go),
    };
    show(element, h("h2", { id: "dialog-title" }, title), fill(dialog));
    element.insertBefore(error, element.lastChild);
    element.addEventListener("close", () => {
      resolve(false);
      element.remove();
    });
    document.body.append(element);
    element.showModal();
  });
}
