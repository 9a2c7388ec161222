// The views that are plain tables: scrapers, deletions, status.

import { ask, at } from "./api.js";
import { labels, owners } from "./cells.js";
import { h, show } from "./dom.js";
import { ago, count, counted, setNow, span } from "./format.js";

const REASONS = { drained: "read by every active scraper", request: "somebody asked for it",
  timeout: "its drain timeout was over, unread by some scraper" };
const LONGEST = 500;

/** A view that asks for something whenever something has changed, and shows it. */
class View {
  constructor({ onError }) {
    this.onError = onError;
    this.content = h("div", { class: "content" });
    this.element = h("section", { class: "view", "aria-label": this.title() }, h("h1", {}, this.title()), this.content);
  }

  enter() {
    return this.refresh();
  }

  changed() {
    return this.refresh();
  }

  async refresh() {
    try {
      show(this.content, await this.made());
      this.onError(null);
    } catch (error) {
      this.onError(error);
    }
  }
}

export class Scrapers extends View {
  title() {
    return "Scrapers";
  }

  async made() {
    const { now, scrapers } = await ask("scrapers");
    setNow(now);
    const about = h("p", { class: "about" }, "Whoever scrapes as Prometheus does. A group that drains waits for each ",
      "active one to have read its last push. A scraper is active until it has been silent for three of its ",
      "intervals, and for five minutes at least.");
    if (!scrapers.length) {
      return [about, h("p", { class: "empty" }, "Nobody has scraped yet. Point Prometheus at ",
        h("code", {}, at("metrics").href), " with ", h("code", {}, "honor_labels: true"), ".")];
    }
    const heads = ["Address", "User-Agent", "State", "Interval", "Last seen", "Last complete read", "Lag",
      "Awaited by"];
    return [about, table("Scrapers", heads, scrapers.map((one) => [h("b", {}, one.address), one.user_agent,
      activity(one), one.interval === null ? none("not known yet") : span(one.interval),
      ago(one.last_seen), ago(one.last_read),
      one.unread_changes ? counted(one.unread_changes, "change") : "none",
      one.awaited_by ? counted(one.awaited_by, "group") : none("nothing")]))];
  }
}

export class Deletions extends View {
  title() {
    return "Deletions";
  }

  async made() {
    const { now, total, deletions } = await ask("deletions", { limit: LONGEST });
    setNow(now);
    const about = h("p", { class: "about" },
      "The last ", count(LONGEST), " groups that were deleted since the gateway was started.");
    if (!total) return [about, h("p", { class: "empty" }, "None so far.")];
    return [about, table("Deletions", ["When", "Group", "Owner", "Reason"], deletions.map((gone) => [ago(gone.at),
      labels(gone.labels), owners(gone), [h("b", {}, gone.reason), " ", none(REASONS[gone.reason] ?? "")]]))];
  }
}

export class Status extends View {
  title() {
    return "Status";
  }

  changed() {
    // Nothing here changes while the process runs.
  }

  async made() {
    const { flags, start_time: started, build_information: build } = await ask("status");
    const pages = [["metrics", "what Prometheus reads"], ["api/openapi.json", "what the API answers, as OpenAPI"],
      ["api/v1/groups", "the groups as JSON"],
      ["api/v1/metrics", "the groups with their metrics, as Pushgateway has them"], ["-/ready", "the probe"]];
    return [
      h("h2", {}, "Build"), pairs("Build", [["Version", build.version], ["Runs on", build.goVersion],
        ["Started", ago(Date.parse(started) / 1000)]]),
      h("h2", {}, "Flags"),
      pairs("Flags", Object.entries(flags).map(([name, value]) => [`--${name}`, value || none("empty")])),
      h("h2", {}, "Elsewhere"), h("ul", {}, pages.map(([path, what]) =>
        h("li", {}, h("a", { href: at(path) }, `/${path}`), ` – ${what}`)))];
  }
}

function activity({ active: isActive }) {
  return h("span", { class: `badge ${isActive ? "live" : "gone"}` },
    h("span", { class: "sign", "aria-hidden": "true" }, isActive ? "●" : "○"), isActive ? "active" : "silent");
}

function none(text) {
  return h("span", { class: "none" }, text);
}

function table(caption, heads, rows) {
  return h("div", { class: "scrolled", tabindex: "0", role: "region", "aria-label": caption },
    h("table", { class: "plain" }, h("caption", { class: "unseen" }, caption),
      h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell)))))));
}

function pairs(caption, rows) {
  return h("table", { class: "plain pairs" }, h("caption", { class: "unseen" }, caption),
    h("tbody", {}, rows.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value)))));
}
