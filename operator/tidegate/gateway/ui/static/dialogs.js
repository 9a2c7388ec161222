// Dialogs that confirm deletions.

import { deleteGroups } from "./api.js";
import { labels } from "./cells.js";
import { h, show } from "./dom.js";
import { count, counted } from "./format.js";

/** Delete this group after confirmation. The promise's value is whether it was deleted. */
export function confirmDelete(groupLabels) {
  return opened("Delete this group?", (dialog) => {
    const go = h("button", { type: "button", class: "danger", onclick: () =>
      dialog.try(async () => dialog.end(Boolean(await deleteGroups({ labels: groupLabels })))) }, "Delete the group");
    return [h("p", {}, labels(groupLabels)),
      h("p", {}, "Its series end at the next scrape. Prometheus keeps the samples that it has scraped."),
      dialog.buttons(go)];
  });
}

/** Delete the groups that a selector matches, after a preview. The promise's value is whether they were deleted. */
export function deleteBySelector(text) {
  return opened("Delete groups by selector", (dialog) => {
    const input = h("input", { type: "text", value: text, spellcheck: "false", autocomplete: "off",
      placeholder: '{job="backup",instance=~"db-.*"}', oninput: () => clear() });
    const preview = h("div", { class: "preview", "aria-live": "polite" });
    const go = h("button", { type: "button", class: "danger", disabled: true }, "Delete");
    let most = 0;
    const clear = () => {
      go.disabled = true;
      show(preview);
    };
    const showPreview = () => dialog.try(async () => {
      clear();
      const { selected, groups } = await deleteGroups({ match: [input.value], dry_run: true });
      most = selected;
      go.disabled = !selected;
      go.textContent = selected ? `Delete ${counted(selected, "group")}` : "Delete";
      show(preview, selectedList(selected, groups));
    });
    go.addEventListener("click", () =>
      dialog.try(async () => dialog.end(Boolean(await deleteGroups({ match: [input.value], most })))));
    const form = h("form", { onsubmit: (event) => {
      event.preventDefault();
      showPreview();
    } }, h("label", { class: "field wide" }, h("span", {}, "Selector"), input),
    h("button", { type: "submit" }, "Show what would be deleted"));
    return [form, preview, dialog.buttons(go)];
  });
}

function selectedList(selected, groups) {
  if (!selected) return h("p", {}, "The selector matches no group.");
  const more = selected - groups.length;
  return [h("p", {}, `The selector matches ${counted(selected, "group")}:`),
    h("ul", { class: "selected", tabindex: "0", "aria-label": "Selected groups" },
      groups.map((each) => h("li", {}, labels(each))),
      more ? h("li", { class: "none" }, `and ${count(more)} more`) : null)];
}

/** Open a dialog with the elements that `fill(dialog)` returns. The promise is resolved when it is closed. */
function opened(title, fill) {
  return new Promise((resolve) => {
    const error = h("p", { class: "error", role: "alert" });
    const element = h("dialog", { "aria-labelledby": "dialog-title" });
    const dialog = {
      /** Call `work` and show its error in the dialog. */
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
