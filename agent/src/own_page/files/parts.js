// What each section shows, made of elements and text: nothing that the agent or anybody else says is ever read as HTML.

/** An element; attributes whose value is false or undefined are left out, "on…" are listeners. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === undefined) {
      continue;
    }
    if (key.startsWith("on")) {
      made.addEventListener(key.slice(2), value);
    } else {
      made.setAttribute(key, value === true ? "" : value);
    }
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function facts(rows) {
  const list = element("dl");
  for (const [label, value] of rows) {
    if (value !== null && value !== undefined && value !== "") {
      list.append(element("dt", {}, label), element("dd", {}, value));
    }
  }
  return list;
}

function button(key, text, name, act, isMain = false) {
  return element(
    "button",
    { type: "button", "data-key": key, "aria-label": name, class: isMain ? "main" : undefined, onclick: act },
    text,
  );
}

function moment(seconds, say) {
  const options = { dateStyle: "medium", timeStyle: "short" };
  return new Date(seconds * 1000).toLocaleString(say.locale, options);
}

function day(seconds, say) {
  return new Date(seconds * 1000).toLocaleDateString(say.locale, { dateStyle: "long" });
}

function warnings(list) {
  return (list ?? []).map((warning) => element("p", { class: "warning" }, `⚠ ${warning.detail}`));
}

const names = (rights, say) => rights.map((right) => say.rightNames[right] ?? right).join(", ");

/** Sites that ask for rights. */
export function pairing(asked, say, act) {
  const chosen = new Map();
  const boxes = asked.rights.map((right) => {
    const box = element("input", { type: "checkbox", checked: true, "data-key": `${asked.pairing} ${right}` });
    chosen.set(right, box);
    return element("label", {}, box, ` ${say.rightNames[right] ?? right}`);
  });
  const rights = () => asked.rights.filter((right) => chosen.get(right).checked);
  const key = (word) => `${word} ${asked.pairing}`;
  const answer = (decision) => () => act.answer(asked, decision, rights());
  const title = `pairing-${asked.pairing}`;
  return element(
    "article",
    { "aria-labelledby": title },
    element("p", {}, say.asksForRights),
    element("h3", { class: "origin", id: title }, asked.origin),
    ...warnings(asked.warnings),
    element("p", {}, say.sameNumber + say.colon, element("span", { class: "number" }, asked.number)),
    facts([
      [say.server, asked.record_server_title],
      [say.until, moment(asked.expires_at, say)],
    ]),
    element("fieldset", {}, element("legend", {}, say.rightsAsked), ...boxes),
    element("p", { class: "quiet" }, say.askedForNothing),
    element(
      "div",
      { class: "actions" },
      button(key("refuse"), say.refuse, say.refuseOf(asked.origin), answer("refuse"), true),
      button(key("this"), say.thisTime, say.thisTimeOf(asked.origin), answer("this-time")),
      button(key("until"), say.untilRevoked, say.untilRevokedOf(asked.origin), answer("until-revoked")),
    ),
  );
}

/** A reader, its card, and what was read of the card. */
export function reader(one, read, say) {
  const rows = [];
  if (one.state === "empty") {
    rows.push([say.card, say.empty]);
  } else if (one.state === "mute" || one.state === "in-use") {
    rows.push([say.card, element("span", { class: "bad" }, one.state === "mute" ? say.mute : say.inUse)]);
  } else {
    rows.push([say.card, say.cardKinds[one.card?.kind] ?? one.card?.kind ?? say.cardKinds.unknown]);
    rows.push([say.serial, read?.card?.serial ?? one.card?.serial]);
  }
  if (read?.problem) {
    rows.push([say.card, element("span", { class: "bad" }, say.failed(read.problem))]);
  } else if (read) {
    const holder = read.holder;
    const who = [holder?.title, holder?.given_name, holder?.family_name].filter(Boolean).join(" ");
    rows.push([say.holder, who || holder?.pseudonym]);
    rows.push([say.structure, read.structure?.name ?? holder?.organization]);
    const ends = Math.min(...read.certificates.map((certificate) => certificate.not_after));
    if (Number.isFinite(ends)) {
      const over = ends * 1000 < Date.now();
      rows.push([over ? say.expired : say.expires, element("span", { class: over ? "bad" : "" }, day(ends, say))]);
    }
    const tries = read.pin?.tries_left;
    if (tries !== undefined) {
      rows.push([say.triesLeft, element("span", { class: tries < 2 ? "bad" : "" }, String(tries))]);
    }
  }
  return element("article", {}, element("h3", {}, one.name), facts(rows));
}

/** Something that will need attention. */
export function warning(one) {
  return element("p", { class: "warning" }, `⚠ ${one.detail} ${one.remedy.text}`);
}

/** A mandate, open or ended. */
export function mandate(one, say, act) {
  const isOpen = !one.end;
  const title = `mandate-${one.mandate}`;
  return element(
    "article",
    { "aria-labelledby": title },
    element("h3", { id: title }, one.purpose),
    facts([
      [say.of, element("span", { class: one.origin ? "origin" : "" }, one.origin ?? say.you)],
      [say.card, one.card],
      [say.signaturesLeft, `${one.remaining} / ${one.count}`],
      [say.timeLeft, isOpen ? say.minutes(Math.ceil(one.remaining_seconds / 60)) : null],
      [say.ended, isOpen ? null : `${say.ends[one.end.reason] ?? one.end.reason}, ${moment(one.end.at, say)}`],
    ]),
    isOpen
      ? element(
          "div",
          { class: "actions" },
          button(`stop ${one.mandate}`, say.stop, say.stopOf(one.purpose), () => act.stop(one)),
        )
      : null,
  );
}

/** A site that has rights. */
export function grant(one, say, act) {
  const title = `grant-${one.origin}-${one.duration}`;
  return element(
    "article",
    { "aria-labelledby": title },
    element("h3", { class: "origin", id: title }, one.origin),
    ...warnings(one.warnings),
    facts([
      [say.rights, names(one.rights, say)],
      [say.server, one.record_server],
      [say.forHowLong, say.durations[one.duration] ?? one.duration],
      [say.until, one.expires_at === undefined ? null : moment(one.expires_at, say)],
    ]),
    one.duration === "configuration"
      ? null
      : element(
          "div",
          { class: "actions" },
          button(`revoke ${one.origin}`, say.revoke, say.revokeOf(one.origin), () => act.revoke(one)),
        ),
  );
}

/** A question for a PIN that is open now. */
export function request(one, say, act) {
  const title = `request-${one.request}`;
  return element(
    "article",
    { "aria-labelledby": title },
    element("h3", { id: title }, say.asksForPin),
    element("p", { class: "statement" }, one.statement),
    facts([[say.reader, one.reader]]),
    one.documents.length === 0
      ? null
      : element(
          "div",
          {},
          element("h4", {}, say.documents),
          element("ul", {}, ...one.documents.map((named, index) => listed(one, named, index, say, act))),
        ),
    element("p", { class: "quiet" }, one.on_keypad ? say.onKeypad : say.typeInWindow),
    one.on_keypad
      ? null
      : element(
          "div",
          { class: "actions" },
          button(`refuse ${one.request}`, say.refuse, say.refuse, () => act.refuse(one), true),
        ),
  );
}

function listed(one, named, index, say, act) {
  const look = button(`look ${one.request} ${index}`, say.preview, say.previewOf(named.title), () => act.look(one, index));
  return element("li", {}, named.title, " ", look, element("div", { class: "preview" }, act.seen(one, index)));
}

/** A document as it would be signed. */
export function preview(shown, say, copy) {
  return element(
    "div",
    {},
    facts([
      [say.kind, shown.media_type],
      [say.size, say.bytes(shown.size)],
      [say.digest, element("span", { class: "digest" }, shown.sha256)],
    ]),
    ...(shown.problems ?? []).map((problem) =>
      element("p", { class: "warning" }, `${say.wouldBeRefused} ${say.failed({ ...problem, remedy: "" })}`),
    ),
    shown.text === undefined
      ? element("p", { class: "quiet" }, say.notText)
      : element("pre", { tabindex: "0" }, shown.text),
    shown.text_is_cut ? element("p", { class: "quiet" }, say.cut) : null,
    element("p", {}, button(`save ${copy.key}`, say.save, say.saveOf(copy.title), copy.save)),
  );
}

/** What the workstation's examination found. */
export function examination(found, say, act) {
  const rows = found.checks.map((check) => [
    say.subjects[check.subject] ?? check.subject,
    element(
      "div",
      {},
      element("span", { class: check.result === "wrong" ? "bad" : "" }, say.results[check.result] ?? check.result),
      say.colon + check.seen,
      ...(check.faults ?? []).map((fault) => {
        const who = say.who[fault.remedy.who];
        return element("p", { class: "warning" }, `⚠ ${fault.detail} ${fault.remedy.text}${who ? ` (${who})` : ""}`);
      }),
    ),
  ]);
  return element(
    "div",
    {},
    found.healthy ? element("p", {}, say.healthy) : null,
    facts(rows),
    element("div", { class: "actions" }, button("look-again", say.lookAgain, say.lookAgain, act.examine)),
  );
}

/** The last entries of the journal, the latest first. */
export function journal(answer, say, act) {
  const row = (entry) => {
    const about = entry.about ?? {};
    const card = about.card === undefined ? undefined : say.ofCard(about.card);
    const count = about.count === undefined ? undefined : say.howMany(about.count);
    const ended = say.ends[about.ended] ?? about.ended;
    const said = [about.origin, card, about.server, about.format, about.reason, ended, count].filter((one) => one !== undefined);
    const outcome = say.outcomes[entry.outcome] ?? entry.outcome;
    const cells = [
      String(entry.sequence),
      moment(entry.at, say),
      say.operations[entry.operation] ?? entry.operation,
      entry.caller?.site ?? say.yourself,
      entry.code ? `${outcome} (${entry.code})` : outcome,
      said.join(", "),
    ];
    return element("tr", {}, ...cells.map((cell) => element("td", {}, cell)));
  };
  const head = element("tr", {}, ...say.columns.map((name) => element("th", { scope: "col" }, name)));
  return element(
    "div",
    {},
    element(
      "div",
      { class: "wide", tabindex: "0", role: "region", "aria-labelledby": "journal-title" },
      element("table", {}, element("thead", {}, head), element("tbody", {}, ...answer.entries.map(row))),
    ),
    element("div", { class: "actions" }, button("verify", say.verify, say.verify, act.verify)),
  );
}
