// The views that are tables: scrapers, deletions, status.

import { at, get } from "./api.js";
import { labels, owners } from "./cells.js";
import { h, show } from "./dom.js";
import { ago, count, counted, setNow, span } from "./format.js";

const REASONS = { delivered: "received by every active scraper", ingested: "processed by every active scraper",
  stored: "stored by every database", request: "requested by a client",
  timeout: "drain timeout, without proof that it has arrived" };
const MAX_DELETIONS = 500;

/** A view that requests its content again after every change. */
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
      show(this.content, await this.build());
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

  async build() {
    const { now, scrapers, unrecognised } = await get("scrapers");
    setNow(now);
    const about = h("p", { class: "about" }, "Clients that scrape as Prometheus does. A draining group is deleted ",
      "after every active scraper has read its last push. A scraper becomes inactive when it has not scraped for ",
      "three of its intervals, and for at least five minutes.");
    const others = unrecognised.length ? unrecognisedScrapers(unrecognised) : [];
    if (!scrapers.length) {
      return [about, ...others, h("p", { class: "empty" }, "No scrape so far. Configure Prometheus to scrape ",
        h("code", {}, at("metrics").href), " with ", h("code", {}, "honor_labels: true"), ".")];
    }
    const several = new Set(scrapers.filter((each) => each.reader > 1).map(identity));
    const heads = ["Address", "User-Agent", "State", "Interval", "Last seen", "Last complete read", "Unread",
      "Awaited by"];
    return [about, ...others, table("Scrapers", heads, scrapers.map((each) => [h("b", {}, each.address),
      reader(each, several.has(identity(each))), activity(each),
      each.interval === null ? none("not known yet") : span(each.interval),
      ago(each.last_seen), ago(each.last_read),
      each.unread_changes ? counted(each.unread_changes, "change") : "none",
      each.awaited_by ? counted(each.awaited_by, "group") : none("none")]))];
  }
}

export class Deletions extends View {
  title() {
    return "Deletions";
  }

  async build() {
    const { now, total, deletions } = await get("deletions", { limit: MAX_DELETIONS });
    setNow(now);
    const about = h("p", { class: "about" },
      "The last ", count(MAX_DELETIONS), " groups deleted since the gateway started.");
    if (!total) return [about, h("p", { class: "empty" }, "No deletion so far.")];
    return [about, table("Deletions", ["When", "Group", "Owner", "Reason"], deletions.map((each) => [ago(each.at),
      labels(each.labels), owners(each), [h("b", {}, each.reason), " ", none(REASONS[each.reason] ?? "")]]))];
  }
}

export class Status extends View {
  title() {
    return "Status";
  }

  changed() {
    // Nothing here changes while the process runs.
  }

  async build() {
    const { flags, start_time: started, build_information: build } = await get("status");
    const pages = [["metrics", "metrics for Prometheus"], ["api/openapi.json", "description of the API as OpenAPI"],
      ["api/v1/groups", "groups as JSON"], ["api/v1/metrics", "groups with their metrics, as in Pushgateway's API"],
      ["-/ready", "readiness probe"]];
    return [
      h("h2", {}, "Build"), pairs("Build", [["Version", build.version], ["Runs on", build.goVersion],
        ["Started", ago(Date.parse(started) / 1000)]]),
      h("h2", {}, "Flags"),
      pairs("Flags", Object.entries(flags).map(([name, value]) => [`--${name}`, value || none("empty")])),
      h("h2", {}, "Links"), h("ul", {}, pages.map(([path, text]) =>
        h("li", {}, h("a", { href: at(path) }, `/${path}`), ` – ${text}`)))];
  }
}

function identity({ address, user_agent: agent, scraper }) {
  return JSON.stringify([address, agent, scraper]);
}

/** The User-Agent, and what tells several readers with the same address and User-Agent apart. */
function reader({ user_agent: agent, scraper, reader: number }, isOneOfSeveral) {
  const details = [scraper, isOneOfSeveral ? `reader ${number}` : ""].filter(Boolean).join(", ");
  return details ? h("span", {}, agent, " ", none(`(${details})`)) : agent;
}

function unrecognisedScrapers(clients) {
  const help = (each) => each.flag ? h("code", {}, each.flag) : none("send X-Prometheus-Scrape-Timeout-Seconds");
  return [h("h2", {}, "Not waited for"),
    h("p", { class: "about" }, "These clients read the metrics regularly and do not count as scrapers: groups are ",
      "deleted without waiting for them. To wait for one, start the gateway with the flag. A probe can request ",
      h("code", {}, at("-/ready").pathname), " instead."),
    table("Not waited for", ["Address", "User-Agent", "Interval", "Last seen", "Flag"], clients.map((each) =>
      [h("b", {}, each.address), each.user_agent || none("none"), span(each.interval), ago(each.last_seen),
        help(each)])),
    h("h2", {}, "Waited for")];
}

function activity({ active: isActive }) {
  return h("span", { class: `badge ${isActive ? "live" : "gone"}` },
    h("span", { class: "sign", "aria-hidden": "true" }, isActive ? "●" : "○"), isActive ? "active" : "inactive");
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
