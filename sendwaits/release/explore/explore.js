// @ts-check
// The interactive page: choices -> series of released figures -> chart, table, words. No network, no library, no eval.
// Numbers are read from the embedded data only; [c] has no mark; a verdict's words are those given.
"use strict";
(() => {
  /** @typedef {[number|null, number|null, number|null, number]} Limit lower, mean, upper, special cause */
  /** @typedef {{p: string, w: string, m: string, g: string, r: string, u: string, c: number, f: string,
   *   v?: (number|null)[], a?: (number|null)[], b?: (number|null)[], n?: (number|null)[], l?: (Limit|null)[]}}
   * Series */
  /** @typedef {{p: string, w: string, m: string, s: string, d: string[], q: number[][]}} Fan */
  /** @typedef {{area: string, as_at: string, profile: string, under: string, links: Record<string, string>,
   *   services: Record<string, [string, string]>, waits: Record<string, string>, headline: Record<string, string>,
   *   measures: Record<string, [string, string, string, string, string]>, calendars: [string, string][][],
   *   series: Series[], verdicts: Record<string, string[]>, forecasts: Fan[]}} Data */
  /** @typedef {{start: string, end: string, value: number|null, form: string, a: number|null, b: number|null,
   *   n: number|null, limit: Limit|null}} Row */
  /** @typedef {{s: Series, rows: Row[], name: string}} Line */
  /** @typedef {{x: number, y: number, key: string, shown: string, text: string}} Mark */
  /** @typedef {{s: string[], w: string, m: string, g: string, r: string, from: string, to: string, c: string, i:
   * number}} State */

  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const INK = "#0b0c0c", GREY = "#505a5f", GRID = "#d9dcde", NAVY = "#12436D";
  const LOOKS = [[NAVY, ""], ["#19695f", "8 4"], ["#801650", "2 4"], ["#C24A0B", "10 3 2 3"], ["#505a5f", "5 3"],
      [INK, "1 3"]];
  /** @type {Record<string, string>} */
  const FIELDS = { wait: "w", measure: "m", group: "g", grain: "r", from: "from", to: "to" };
  const KINDS = { line: "Line", bar: "Bars", small: "Small multiples", control: "Control chart",
      fan: "Forecast fan" };
  /** @type {Record<string, string>} */
  const GRAINS = { month: "Month", quarter: "Quarter", year: "Year", day: "One day" };
  const [MARK, PHRASE, SINCE, BASIS, GRAIN] = [0, 1, 2, 3, 4];
  const MOST = 12, LINES = LOOKS.length, BANDS = "waiting_band",
      FORMS = /** @type {Record<string, string>} */ ({ e: "exact", r: "rounded", c: "c", z: "z" });

  /** @param {string} id */
  const at = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
  const pick = (/** @type {string} */ id) => /** @type {HTMLSelectElement} */ (at(id));
  const slider = /** @type {HTMLInputElement} */ (at("mark"));
  /** @type {Data} */
  const data = JSON.parse(at("data").textContent || "{}");
  /** @type {Map<string, Series[]>} */
  const byList = new Map();
  for (const s of data.series) {
    const id = `${s.p}|${s.w}`;
    byList.set(id, [...(byList.get(id) || []), s]);
  }
  const codes = Object.keys(data.services);
  /** @type {State} */
  const state = { s: [], w: "", m: "", g: "", r: "", from: "", to: "", c: "line", i: -1 };
  /** @type {Mark[]} */
  let marks = [];
  /** @type {Line[]} */
  let lines = [];
  /** @type {SVGElement|null} */
  let ring = null;

  // --- making elements: text is only ever text ----------------------------------------------------
  /** @param {Element} node @param {Record<string, string|number>} given @param {(Node|string)[]} inside */
  const fill = (node, given, inside) => {
    for (const [name, value] of Object.entries(given)) node.setAttribute(name, String(value));
    node.append(...inside);
    return node;
  };
  /** @param {string} tag @param {Record<string, string|number>} [given] @param {(Node|string)[]} inside */
  const el = (tag, given = {}, ...inside) =>
    /** @type {HTMLElement} */ (fill(document.createElement(tag), given, inside));
  /** @param {string} tag @param {Record<string, string|number>} [given] @param {(Node|string)[]} inside */
  const svg = (tag, given = {}, ...inside) =>
    /** @type {SVGElement} */ (fill(document.createElementNS("http://www.w3.org/2000/svg", tag), given, inside));

  // --- words for dates, numbers, keys --------------------------------------------------------------
  /** @param {string} day */
  const parts = (day) => day.split("-").map(Number);
  /** @param {string} start @param {string} end */
  const period = (start, end) => {
    const [y2, m2, d2] = parts(end);
    if (!start) return `${d2} ${MONTHS[m2 - 1]} ${y2}`;
    const [y1, m1] = parts(start);
    if (y1 === y2 && m1 === m2) return `${MONTHS[m2 - 1]} ${y2}`;
    if (y1 === y2 && m1 === 1 && m2 === 12) return String(y2);
    return `${MONTHS[m1 - 1]}${y1 === y2 ? "" : ` ${y1}`} to ${MONTHS[m2 - 1]} ${y2}`;
  };
  /** @param {number} value @param {string} unit */
  const digits = (value, unit) => {
    const whole = unit === "count" && Number.isInteger(value);
    const tenths = whole ? value : Math.floor(value * 10 + 0.5 + 1e-9) / 10;
    const [head, tail] = tenths.toFixed(whole ? 0 : 1).split(".");
    return head.replace(/\B(?=(\d{3})+$)/g, ",") + (tail ? `.${tail}` : "");
  };
  /** @param {Row} row @param {string} unit */
  const printed = (row, unit) => {
    if (row.form === "c") return "[c]";
    if (row.value === null) return "[z]";
    const exact = unit === "percent" && row.a !== null && row.b;
    const value = exact ? Math.floor((2000 * Number(row.a) + Number(row.b)) / (2 * Number(row.b))) / 10 : row.value;
    return digits(value, unit) + (unit === "percent" ? "%" : "");
  };
  /** @param {Row} row */
  const fraction = (row) => (row.a !== null && row.b !== null
      ? `${digits(row.a, "count")} of ${digits(row.b, "count")}` : "");
  /** @param {Series} s @param {Row} row @param {string} [prefix] @param {string} [group] */
  const keyOf = (s, row, prefix = "", group = s.g) =>
    [s.p, s.w, prefix + s.m, group, row.start, row.end].map((p) => p.replaceAll("|", "/")).join("|");
  /** @param {Series} s @param {Row} row
   * @param {(tag: string, given: Record<string, string>, text: string) => Node} make @param {string} tag */
  const keyedFraction = (s, row, make, tag) =>
    row.a === null || row.b === null ? [] : [make(tag, { "data-key": keyOf(s, row, "numerator:") },
        digits(row.a, "count")), " of ",
      make(tag, { "data-key": keyOf(s, row, "denominator:") }, digits(row.b, "count"))];
  /** @param {string} m */
  const words = (m) => data.measures[m] || [m, m, "", "", ""];
  const listName = (/** @type {Series} */ s) => (s.w ? data.waits[`${s.p}|${s.w}`] : "the whole service");
  const groupName = (/** @type {string} */ g) => {
    const [column, value] = [g.split("=")[0].replaceAll("_", " "), g.split("=").slice(1).join("=")];
    return g ? `${column[0].toUpperCase()}${column.slice(1)}: ${value}` : "Everyone";
  };
  const forms = (/** @type {string} */ form) =>
    ({ rounded: "rounded to the nearest 5", c: `not shown: ${data.under}`, z: "nothing to count" })[form] || "exact";
  /** @param {Series} s @param {Row} row */
  const spoken = (s, row) =>
    [words(s.m)[0], `clock: ${listName(s)}`, s.g ? groupName(s.g) : "", data.services[s.p][1],
      `${row.start ? "" : "on "}${period(row.start, row.end)}`, forms(row.form)].filter(Boolean).join("; ");

  // --- choosing -------------------------------------------------------------------------------------
  /** @param {Series} s */
  const rowsOf = (s) =>
    data.calendars[s.c].map(([start, end], i) => {
      const a = s.a ? s.a[i] : null, b = s.b ? s.b[i] : null;
      const value = s.v ? s.v[i] : a !== null && b ? (100 * a) / b : null;
      const form = FORMS[s.f[i]];
      return /** @type {Row} */ ({ start, end, value: form === "c" || form === "z" ? null : value, form, a, b,
          n: s.n ? s.n[i] : b ?? value, limit: s.l ? s.l[i] : null });
    });
  const inMeasure = (/** @type {Series} */ s) => (state.m === BANDS ? s.m.startsWith(BANDS) : s.m === state.m);
  const inGroup = (/** @type {Series} */ s) => (state.g.includes("=") || !state.g ? s.g === state.g
      : s.g.startsWith(`${state.g}=`));
  /** All series of the chosen services and wait, of any measure. */
  const within = () => state.s.flatMap((p) => [...byList].filter(([id]) =>
      id.startsWith(`${p}|`) && (state.w === "*" || id === `${p}|${state.w}`)).flatMap(([, all]) => all));
  /** @param {string[]} items */
  const distinct = (items) => [...new Set(items)];
  const lowOf = (/** @type {string} */ m) => Number((m.match(/_(\d+)/) || [0, 0])[1]);
  const fansOf = (/** @type {Series} */ s) => (s.g ? undefined
      : data.forecasts.find((f) => f.p === s.p && f.w === s.w && f.m === s.m && f.s === "baseline"));

  /** @param {string} id @param {[string, string][]} options value, words @param {string} chosen */
  const offer = (id, options, chosen) => {
    const list = pick(id);
    const found = options.some(([value]) => value === chosen) ? chosen : options.length ? options[0][0] : "";
    list.replaceChildren(...options.map(([value, text]) => el("option", { value }, text)));
    list.value = found;
    list.disabled = options.length < 2;
    return found;
  };

  /** @type {(pairs: string[], name: (item: string) => string) => [string, string][]} */
  const pairs = (items, name) => items.map((item) => [item, name(item)]);
  const settleServices = () => {
    state.s = codes.filter((c) => state.s.includes(c));
    if (!state.s.length) state.s = codes.slice(0, 1);
    for (const box of document.querySelectorAll("#services input")) {
      const input = /** @type {HTMLInputElement} */ (box);
      input.checked = state.s.includes(input.value);
    }
  };
  const settleWait = () => {
    const ids = state.s.flatMap((p) => [...byList.keys()].filter((id) => id.startsWith(`${p}|`)));
    const waits = distinct(ids.map((id) => id.slice(id.indexOf("|") + 1)));
    const main = (/** @type {string} */ w) => Number(state.s.some((p) => data.headline[p] === w));
    const named = (/** @type {string} */ w) => distinct(state.s.map((p) => data.waits[`${p}|${w}`]).filter(Boolean))
        .join("; ");
    const options = pairs(waits.filter(Boolean).sort((a, b) => main(b) - main(a)), named);
    if (options.length > 1) options.push(["*", "Every wait"]);
    if (waits.includes("")) options.push(["", "The whole service"]);
    state.w = offer("wait", options, state.w);
  };
  /** @param {Series[]} all */
  const settleMeasure = (all) => {
    const plain = distinct(all.map((s) => s.m)).filter((m) => !m.startsWith(`${BANDS}_`));
    const ordered = ["list", "wait", "share", "flow"].flatMap((kind) =>
        plain.filter((m) => (words(m)[3] || "flow") === kind));
    const options = pairs(distinct([...ordered, ...plain]), (m) => words(m)[0]);
    if (plain.length < distinct(all.map((s) => s.m)).length) options.push([BANDS,
        "How long they have waited (age bands)"]);
    state.m = offer("measure", options, state.m || (plain.includes("waiting") ? "waiting" : ""));
  };
  /** @param {Series[]} mine */
  const settleGroup = (mine) => {
    const groups = distinct(mine.map((s) => s.g)).filter(Boolean);
    const options = pairs(mine.some((s) => !s.g) ? [""] : [], () => "Everyone");
    for (const column of distinct(groups.map((g) => g.split("=")[0]))) {
      options.push([column, `Each ${column.replaceAll("_", " ")}`]);
      options.push(...pairs(groups.filter((g) => g.startsWith(`${column}=`)), groupName));
    }
    state.g = offer("group", options, state.g);
  };
  /** @param {Series[]} chosen */
  const settleDates = (chosen) => {
    /** @type {Map<string, string>} */
    const ends = new Map();
    for (const s of chosen) for (const [start, end] of data.calendars[s.c]) if (!ends.has(end)) ends.set(end,
        period(start, end));
    const days = [...ends].sort(([a], [b]) => (a < b ? -1 : 1));
    state.from = offer("from", days, state.from);
    state.to = offer("to", days.filter(([day]) => day >= state.from).reverse(), state.to);
    return days.length;
  };
  /** What tells the chosen series apart is their name. @param {Series[]} chosen */
  const settleLines = (chosen) => {
    /** @type {[(s: Series) => string, (s: Series) => string][]} */
    const parts = [[(s) => s.p, (s) => data.services[s.p][1]], [(s) => s.w, listName],
        [(s) => s.m, (s) => words(s.m)[0]],
      [(s) => s.g, (s) => s.g.split("=").slice(1).join("=") || "Everyone"]];
    const told = parts.filter(([differs]) => distinct(chosen.map(differs)).length > 1);
    lines = chosen.slice(0, MOST).map((s) => ({
      s, rows: rowsOf(s).filter((r) => r.end >= state.from && r.end <= state.to),
      name: told.map(([, name]) => name(s)).join(", ") || data.services[s.p][1],
    }));
  };
  /** @param {number} days */
  const settleKind = (days) => {
    /** @type {Record<string, boolean>} */
    const can = { line: days > 1, bar: true, small: lines.length > 1, control: lines.some((l) => l.s.l),
        fan: lines.some((l) => fansOf(l.s)) };
    if (!can[state.c]) state.c = can.line ? "line" : "bar";
    for (const node of document.querySelectorAll("#kinds input")) {
      const input = /** @type {HTMLInputElement} */ (node);
      input.disabled = !can[input.value];
      input.checked = input.value === state.c;
      /** @type {HTMLElement} */ (input.parentElement).className = input.disabled ? "pick off" : "pick";
    }
  };
  /** Every choice that the released figures allow, given the choices before it; the state follows. */
  const settle = () => {
    settleServices();
    settleWait();
    const all = within();
    settleMeasure(all);
    const mine = all.filter(inMeasure);
    settleGroup(mine);
    const grouped = mine.filter(inGroup);
    state.r = offer("grain", pairs(Object.keys(GRAINS).filter((r) => grouped.some((s) => s.r === r)),
        (r) => GRAINS[r]), state.r);
    const chosen = grouped.filter((s) => s.r === state.r);
    if (state.m === BANDS) chosen.sort((a, b) => lowOf(a.m) - lowOf(b.m));
    const days = settleDates(chosen);
    settleLines(chosen);
    settleKind(days);
    const without = state.s.filter((p) => !chosen.some((s) => s.p === p));
    const other = (/** @type {string} */ p) => distinct(grouped.filter((s) => s.p === p).map((s) => s.r))
        .join(" or ");
    return { left: chosen.length - lines.length, without: without.map((p) => ({ p, grains: other(p) })) };
  };

  // --- drawing --------------------------------------------------------------------------------------
  const time = (/** @type {string} */ day) => Date.parse(`${day}T00:00:00Z`) / 864e5;
  /** @param {number} x @param {number} y @param {string} text @param {Record<string, string|number>} [given] */
  const label = (x, y, text, given = {}) => svg("text",
      { x: x.toFixed(1), y: y.toFixed(1), "font-size": 14, fill: GREY, "font-family": "Arial, Helvetica, sans-serif",
      ...given }, text);
  /** A round step for about four gridlines. @param {number} top */
  const stepOf = (top) => {
    const power = 10 ** Math.floor(Math.log10(top / 4 || 1));
    return [1, 2, 5, 10].map((k) => k * power).find((k) => k * 4 >= top) || power * 10;
  };
  /** @param {[number, number|null][]} points @param {(x: number) => number} fx @param {(y: number) => number} fy */
  const path = (points, fx, fy) => points.map(([x, y], i) => {
    const pen = i && points[i - 1][1] !== null ? "L" : "M"; // a line never crosses what is not shown
    return y === null ? "" : `${pen}${fx(x).toFixed(1)} ${fy(y).toFixed(1)}`;
  }).join("");
  /** @param {Node[]} into @param {Line} line @param {Row} row @param {number} x @param {number} y
   * @param {string} colour */
  const dot = (into, line, row, x, y, colour) => {
    const special = state.c === "control" && row.limit && row.limit[3];
    const given = { "data-key": keyOf(line.s, row), "data-form": row.form, stroke: special ? INK : colour,
        "stroke-width": 2, fill: row.form === "rounded" ? "#fff" : special ? INK : colour };
    const shown = printed(row, line.s.u), cause = special ? "; a special cause by the control chart's rules" : "";
    const text = `${fraction(row) ? `(${fraction(row)}) ` : ""}${spoken(line.s, row)}${cause}`;
    const shape = special ? svg("path", { d: `M${x} ${y - 6}L${x + 6} ${y}L${x} ${y + 6}L${x - 6} ${y}Z`, ...given })
      : svg("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: 3.5, ...given });
    shape.append(svg("title", {}, `${shown} ${text}`));
    into.push(shape);
    marks.push({ x, y, key: keyOf(line.s, row), shown, text });
  };

  /** One panel: lines over time, y from 0; limits or a fan where asked. @param {Line[]} drawn
   * @param {{x: number, y: number, w: number, h: number, top: number, title: string, ends: boolean}} box */
  const panel = (drawn, box) => {
    /** @type {Node[]} */
    const back = [];
    /** @type {Node[]} */
    const front = [];
    const fan = state.c === "fan" ? fansOf(drawn[0].s) : undefined;
    const days = drawn.flatMap((l) => l.rows.map((r) => time(r.end))).concat(fan ? fan.d.map(time) : []);
    const [low, high] = [Math.min(...days), Math.max(...days)];
    const unit = drawn[0].s.u, step = stepOf(box.top), most = Math.ceil(box.top / step) * step || 1;
    const left = box.x + 14 + 8 * digits(most, "count").length + (unit === "percent" ? 8 : 0);
    const names = box.ends ? fan ? 104 : Math.min(box.w * 0.36,
        20 + 7.6 * Math.max(...drawn.map((l) => (drawn.length > 1 ? l.name.length : 0) + 7))) : 12;
    const right = box.x + box.w - names, top = box.y + (box.title ? 36 : 12), foot = box.y + box.h - 26;
    const fx = (/** @type {number} */ d) => (high === low ? (left + right) / 2
        : left + ((d - low) / (high - low)) * (right - left));
    const fy = (/** @type {number} */ v) => foot - (v / most) * (foot - top);
    if (box.title) back.push(label(box.x, box.y + 16, box.title, { fill: INK, "font-weight": 700 }));
    for (let v = 0; v <= most + step / 2; v += step) {
      const text = digits(v, Number.isInteger(step) ? "count" : unit) + (unit === "percent" ? "%" : "");
      back.push(svg("line", { x1: left, x2: right, y1: fy(v), y2: fy(v), stroke: v ? GRID : GREY }));
      back.push(label(left - 8, fy(v) + 5, text, { "text-anchor": "end" }));
    }
    const ends = distinct([...drawn.flatMap((l) => l.rows.map((r) => r.end)), ...(fan ? fan.d.slice(-1) : [])]).sort();
    const every = Math.ceil(ends.length / Math.max(1, Math.floor((right - left) / 96)));
    ends.forEach((end, i) => {
      if ((ends.length - 1 - i) % every) return;
      const [y, m] = parts(end);
      const x = fx(time(end)), edge = i === ends.length - 1 && ends.length > 1 ? "end" : "middle";
      back.push(label(edge === "end" ? Math.min(x + 24, right + names) : x, foot + 20,
          state.r === "year" && !fan ? String(y) : `${MONTHS[m - 1]} ${y}`, { "text-anchor": edge }));
    });
    if (fan) front.push(...drawFan(drawn[0].s, fan, fx, fy, top, foot, box.ends));
    drawn.forEach((line, i) => {
      const [colour, dash] = state.c === "line" && drawn.length > 1 ? LOOKS[i] : LOOKS[0];
      if (state.c === "control") back.push(...drawLimits(line, fx, fy));
      const points = line.rows.map((r) => /** @type {[number, number|null]} */ ([time(r.end), r.value]));
      front.push(svg("path", { d: path(points, fx, fy), fill: "none", stroke: colour, "stroke-width": 2.5,
          "stroke-dasharray": dash || "none" }));
      for (const row of line.rows) if (row.value !== null) dot(front, line, row, fx(time(row.end)), fy(row.value),
          colour);
    });
    if (box.ends && !fan) front.push(...endNames(drawn, right + 14, fy, top, foot));
    return [...back, ...front];
  };
  /** @returns {Record<string, string>} */
  const keyed = (/** @type {Series} */ s, /** @type {Row|undefined} */ row, prefix = "", group = s.g) =>
    row ? { "data-key": keyOf(s, row, prefix, group) } : {};
  /** Names and last values at the lines' ends, kept apart. @param {Line[]} drawn @param {number} x
   * @param {(v: number) => number} fy @param {number} top @param {number} foot */
  const endNames = (drawn, x, fy, top, foot) => {
    const wanted = drawn.map((l, i) => {
      const row = l.rows.filter((r) => r.value !== null).pop();
      return { y: row ? fy(Number(row.value)) : foot, l, row, i };
    }).sort((a, b) => a.y - b.y);
    wanted.forEach((w, i) => (w.y = Math.max(w.y, i ? wanted[i - 1].y + 18 : top)));
    for (let i = wanted.length - 1, limit = foot; i >= 0; i -= 1,
        limit = wanted[i + 1].y - 18) wanted[i].y = Math.min(wanted[i].y, limit);
    return wanted.map(({ y, l, row, i }) => {
      const said = row ? printed(row, l.s.u) : l.rows.length ? printed(l.rows[l.rows.length - 1], l.s.u) : "";
      const text = label(x, y + 5, "", { fill: LOOKS[drawn.length > 1 ? i : 0][0], "font-weight": 700 });
      text.append(svg("tspan", keyed(l.s, row), said), drawn.length > 1 ? ` ${l.name}` : "");
      return text;
    });
  };
  const LEVELS = ["low", "", "middle", "", "high"];
  /** The weeks of a fan that have marks. @param {Fan} fan */
  const horizons = (fan) => [3, 12, 25, 38, fan.d.length - 1].filter((h, i, all) =>
      h < fan.d.length && all.indexOf(h) === i);
  /** @param {Series} s @param {Fan} fan @param {number} h @param {number} q */
  const fanKey = (s, fan, h, q) => [s.p, s.w, `forecast:${s.m}`, ["p10", "p25", "p50", "p75", "p90"][q], "",
      fan.d[h]].join("|");
  /** @param {Series} s @param {Fan} fan @param {number} h @param {number} q */
  const fanValue = (s, fan, h, q) => digits(s.u === "count" ? Math.round(fan.q[q][h]) : fan.q[q][h],
      s.u) + (s.u === "percent" ? "%" : "");
  /** @param {Series} s @param {Fan} fan @param {(x: number) => number} fx @param {(y: number) => number} fy
   * @param {number} top @param {number} foot @param {boolean} ends */
  const drawFan = (s, fan, fx, fy, top, foot, ends) => {
    const days = fan.d.map(time);
    const edge = (/** @type {number} */ q) => days.map((d, i) => /** @type {[number, number]} */ ([d, fan.q[q][i]]));
    const area = (/** @type {number} */ a, /** @type {number} */ b) =>
        `${path(edge(b), fx, fy)}${path(edge(a).reverse(), fx, fy).replace("M", "L")}Z`;
    const out = [svg("path", { d: area(0, 4), fill: "#d3e2f0", stroke: "#2073BC" }),
        svg("path", { d: area(1, 3), fill: "#a3c3e0" }),
      svg("path", { d: path(edge(2), fx, fy), fill: "none", stroke: NAVY, "stroke-width": 2,
          "stroke-dasharray": "7 5" })];
    const now = fx(time(data.as_at));
    out.push(svg("line", { x1: now, x2: now, y1: top, y2: foot, stroke: INK, "stroke-dasharray": "2 3" }));
    for (const h of horizons(fan)) {
      for (const q of [0, 2, 4]) {
        const key = fanKey(s, fan, h, q), shown = fanValue(s, fan, h, q), x = fx(days[h]), y = fy(fan.q[q][h]);
        const text = [`${LEVELS[q]} of the forecast`, "8 in 10 simulated futures lie between low and high",
            words(s.m)[0],
          `clock: ${listName(s)}`, data.services[s.p][1], `on ${period("", fan.d[h])}`].join("; ");
        out.push(svg("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: 3, fill: q === 2 ? NAVY : "#2073BC",
            "data-key": key }, svg("title", {}, `${shown} ${text}`)));
        marks.push({ x, y, key, shown, text });
        if (ends && h === fan.d.length - 1) out.push(label(x + 14, y + 5, `${LEVELS[q]} ${shown}`,
            { "data-key": key, fill: q === 2 ? NAVY : GREY, "font-weight": q === 2 ? 700 : 400 }));
      }
    }
    return out;
  };
  /** Limits and mean of a control chart, as given. @param {Line} line @param {(x: number) => number} fx
   * @param {(y: number) => number} fy */
  const drawLimits = (line, fx, fy) => [0, 1, 2].map((k) => {
    const points = line.rows.map((r) => /** @type {[number, number|null]} */ ([time(r.end),
        r.limit ? r.limit[k] : null]));
    const last = line.rows[line.rows.length - 1];
    const key = keyed(line.s, last, "spc:", ["lower", "mean", "upper"][k]);
    return svg("path", { d: path(points, fx, fy), fill: "none", stroke: GREY, "stroke-width": k === 1 ? 1.5 : 1,
        "stroke-dasharray": k === 1 ? "none" : "6 4", ...key });
  });
  /** The newest period of each series, or every period of one. @param {number} width */
  const bars = (width) => {
    const items = lines.length > 1 ? lines.flatMap((l) =>
        l.rows.slice(-1).map((row) => ({ l, row, name: `${l.name}, ${period(row.start, row.end)}` })))
      : lines.flatMap((l) => l.rows.map((row) => ({ l, row, name: period(row.start, row.end) })));
    const most = Math.max(1, ...items.map((i) => i.row.value || 0));
    /** @type {Node[]} */
    const out = [];
    items.forEach(({ l, row, name }, i) => {
      const y = 8 + i * 44, w = ((row.value || 0) / most) * (width - 170);
      out.push(label(0, y + 12, name, { fill: INK }));
      if (row.value !== null) {
        const bar = svg("rect", { x: 0, y: y + 18, width: w.toFixed(1), height: 16,
            fill: row.form === "rounded" ? "#6b8fae" : NAVY, "data-key": keyOf(l.s, row), "data-form": row.form });
        const text = `${fraction(row) ? `(${fraction(row)}) ` : ""}${spoken(l.s, row)}`;
        bar.append(svg("title", {}, `${printed(row, l.s.u)} ${text}`));
        out.push(bar);
        marks.push({ x: w, y: y + 26, key: keyOf(l.s, row), shown: printed(row, l.s.u), text });
      }
      const said = label(w + (w ? 8 : 0), y + 31, "", { fill: INK, "font-weight": 700 });
      said.append(svg("tspan", { "data-key": keyOf(l.s, row) }, printed(row, l.s.u)), fraction(row) ? ", " : "",
          ...keyedFraction(l.s, row, svg, "tspan"));
      out.push(said);
    });
    return { nodes: out, height: items.length * 44 + 16 };
  };

  /** @param {number} room the width that the page has for the chart */
  const draw = (room) => {
    marks = [];
    const width = Math.max(240, Math.min(1104, room || 736));
    const small = state.c === "small" || ((state.c === "line" || state.c === "control" || state.c === "fan")
        && lines.length > (state.c === "line" ? LINES : 1));
    const peak = (/** @type {Line[]} */ of) => Math.max(1,
        ...of.flatMap((l) => [...l.rows.flatMap((r) =>
        [r.value || 0, state.c === "control" && r.limit ? r.limit[2] || 0 : 0]),
      ...(state.c === "fan" && fansOf(l.s) ? /** @type {Fan} */ (fansOf(l.s)).q[4] : [])]));
    /** @type {Node[]} */
    let nodes = [];
    let height = width < 500 ? 260 : 380;
    if (state.c === "bar") ({ nodes, height } = bars(width));
    else if (!small && lines.length) nodes = panel(lines,
        { x: 0, y: 0, w: width, h: height, top: peak(lines), title: "", ends: width >= 560 || lines.length === 1 });
    else {
      const across = width < 500 ? 1 : width < 900 ? 2 : 3, w = (width - 24 * (across - 1)) / across;
      const same = distinct(lines.map((l) => l.s.u)).length === 1 ? peak(lines) : 0;
      lines.forEach((l, i) => nodes.push(...panel([l],
          { x: (i % across) * (w + 24), y: Math.floor(i / across) * 216, w, h: 196, top: same || peak([l]),
          title: l.name, ends: false })));
      height = Math.ceil(lines.length / across) * 216;
    }
    const whole = svg("svg", { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}`,
        role: "img", "aria-label": `${at("title").textContent}. ${at("said").textContent}` });
    ring = svg("circle", { r: 9, fill: "none", stroke: INK, "stroke-width": 2, visibility: "hidden" });
    whole.append(svg("rect", { width, height, fill: "#fff" }), ...nodes, ring);
    const keys = !small && state.c === "line" && width < 560 && lines.length > 1 ? lines.map((l, i) => {
      const line = svg("svg", { width: 40, height: 12, "aria-hidden": "true" },
          svg("line", { x1: 0, x2: 36, y1: 6, y2: 6, stroke: LOOKS[i][0], "stroke-width": 3,
          "stroke-dasharray": LOOKS[i][1] || "none" }));
      return el("span", { class: "pick" }, line, l.name);
    }) : [];
    at("chart").replaceChildren(...keys, whole);
    slider.max = String(Math.max(0, marks.length - 1));
    slider.disabled = !marks.length;
    read(state.i >= 0 && state.i < marks.length ? state.i : marks.length - 1, false);
  };

  /** The mark's reading, by pointer, finger or key. @param {number} i @param {boolean} keep */
  const read = (i, keep) => {
    const mark = marks[i];
    if (keep) state.i = i;
    slider.value = String(Math.max(0, i));
    slider.setAttribute("aria-valuetext", mark ? `${mark.shown} ${mark.text}` : "no mark");
    if (ring && mark) for (const [name, value] of Object.entries({ cx: mark.x, cy: mark.y,
        visibility: "visible" })) ring.setAttribute(name, String(value));
    at("reading").replaceChildren(...(mark ? [el("strong", { "data-key": mark.key }, mark.shown), ` ${mark.text}`,
        el("span", { class: "key" }, `Key: ${mark.key}`)]
      : ["No number here has a mark."]));
  };

  // --- words and table ------------------------------------------------------------------------------
  /** @param {{left: number, without: {p: string, grains: string}[]}} found */
  const say = (found) => {
    const one = lines[0];
    const head = state.m === BANDS ? "Age bands" : words(state.m)[0];
    const who = state.s.map((p) => data.services[p][1]).join(", ");
    const wait = state.w === "*" ? "every wait" : distinct(lines.map((l) => listName(l.s))).join(" or ");
    const each = state.g.includes("=") ? groupName(state.g) : `each ${state.g.replaceAll("_", " ")}`;
    at("title").textContent = `${who}, ${wait}: ${head}${state.g ? `, ${each}` : ""}`;
    const rows = lines.flatMap((l) => l.rows);
    const last = one && one.rows[one.rows.length - 1];
    const span = !one || !last ? "" : (one.rows.length > 1 ? `${period(one.rows[0].start, one.rows[0].end)} to `
        : "") + period(last.start, last.end);
    const noun = state.m === BANDS ? "children waiting, by how long" : words(state.m)[1];
    const how = state.r === "day" ? "" : `, by ${state.r}`;
    at("sub").textContent = `${data.area}: ${one && one.s.u === "count" ? `number of ${noun}` : noun}${how}, ${span}`;
    const count = (/** @type {string} */ form) => rows.filter((r) => r.form === form).length;
    const told = [];
    if (one && last && lines.length === 1) {
      const earlier = `${Number(last.end.slice(0, 4)) - 1}${last.end.slice(4, 7)}`;
      const before = one.rows.find((r) => r.end.startsWith(earlier));
      for (const [name, row] of /** @type {[string, Row|undefined][]} */ ([["Newest: ", last],
          ["A year before: ", before]])) {
        const number = row && el("strong", { "data-key": keyOf(one.s, row) }, printed(row, one.s.u));
        if (row && number) told.push(el("span", {}, name, number, ` (${period(row.start, row.end)}). `));
      }
    }
    if (count("c")) told.push(`[c] = ${data.under}: it has no mark. `);
    if (count("rounded")) told.push("Hollow marks and pale bars are rounded to the nearest 5. ");
    if (count("z")) told.push("[z] = nothing to count. ");
    if (found.left) told.push(`The first ${MOST} of ${MOST + found.left} series are shown: choose fewer. `);
    if (state.c === "line" && lines.length > LINES) {
      told.push(`More than ${LINES} lines: each has a panel of its own. `);
    }
    for (const { p, grains } of found.without) {
      told.push(`${data.services[p][1]}: not published for this choice${grains ? `, but by ${grains}` : ""}. `);
    }
    at("said").replaceChildren(...told);
    at("verdicts").replaceChildren(...lines.flatMap((l) => {
      const v = data.verdicts[[l.s.p, l.s.w, l.s.m, l.s.g].join("|")];
      if (!v || l.s.r === "day" || (v[GRAIN] && v[GRAIN] !== l.s.r)) return [];
      const since = v[SINCE] && !v[PHRASE].includes("since") ? `, since ${period("", v[SINCE])}` : "";
      return [el("p", { class: "verdict" }, `${l.name}: `, el("strong", { "data-verdict": v[MARK] }, v[PHRASE]),
          `${since}.`, el("span", { class: "basis" }, v[BASIS]))];
    }));
    const pages = state.s.filter((p) => data.links[p])
        .map((p) => el("p", {}, el("a", { href: data.links[p] }, `The page of ${data.services[p][0]}`)));
    const bands = "open waits by how long they have lasted (community SitRep bands, both ends included)";
    const meanings = state.m === BANDS ? [el("p", {}, `${head}: ${bands}.`)]
      : distinct(lines.map((l) => l.s.m)).map((m) => el("p", {}, `${words(m)[0]}: ${words(m)[4] || words(m)[1]}`));
    const good = { up: "More is better.", down: "Less is better." }[words(state.m)[2]];
    at("meaning").replaceChildren(...meanings, ...(good ? [el("p", {}, good)] : []), ...pages);
  };

  /** @param {string} caption @param {string[]} heads @param {Node[]} body */
  const sheet = (caption, heads, body) =>
    el("table", {}, el("caption", {}, caption), el("thead", {},
        el("tr", {}, ...heads.map((h) => el("th", { scope: "col" }, h)))), el("tbody", {}, ...body));
  /** The forecast that the fan draws, five horizons. @param {Line} line */
  const fanTable = ({ s, name }) => {
    const fan = fansOf(s);
    const body = (fan ? horizons(fan) : []).map((h) =>
        el("tr", {}, el("th", { scope: "row" }, period("", /** @type {Fan} */ (fan).d[h])),
      ...[0, 2, 4].map((q) => el("td", { "data-key": fanKey(s, /** @type {Fan} */ (fan), h, q) },
          fanValue(s, /** @type {Fan} */ (fan), h, q)))));
    return fan ? [sheet(`${name}: forecast; 8 in 10 simulated futures lie between low and high`,
        ["Day", "Low", "Middle", "High"], body)] : [];
  };

  const tabulate = () => {
    const ends = new Map(lines.flatMap((l) => l.rows.map((r) =>
        /** @type {[string, Row]} */ ([`${r.end}|${r.start}`, r]))));
    const cells = lines.map((l) => new Map(l.rows.map((r) => [`${r.end}|${r.start}`, r])));
    const whole = lines.map((l) => l.rows.every((r) => r.form === "rounded"));
    const body = [...ends].sort(([a], [b]) => (a < b ? 1 : -1))
        .map(([id, r]) => el("tr", {}, el("th", { scope: "row" }, period(r.start, r.end)),
      ...lines.map((l, i) => {
        const row = cells[i].get(id);
        if (!row) return el("td", {}, "[x]");
        /** @type {(Node|string)[]} */
        const more = keyedFraction(l.s, row, el, "span");
        if (row.form === "c" && row.b) more.push("of ",
            el("span", { "data-key": keyOf(l.s, row, "denominator:") }, digits(row.b, "count")));
        if (row.form === "rounded" && !whole[i]) more.push("rounded");
        return el("td", {}, el("span", { "data-key": keyOf(l.s, row) }, printed(row, l.s.u)),
            ...(more.length ? [el("span", { class: "of" }, ...more)] : []));
      })));
    const heads = ["Period",
        ...lines.map((l, i) => `${lines.length > 1 ? l.name : words(l.s.m)[0]}${whole[i] ? ", rounded" : ""}`)];
    at("table").replaceChildren(...(state.c === "fan" ? lines.flatMap(fanTable) : []),
        sheet(`${at("title").textContent}, newest first`, heads, body));
  };

  // --- the address ----------------------------------------------------------------------------------
  const address = () => new URLSearchParams({ s: state.s.join(","), w: state.w, m: state.m, g: state.g, r: state.r,
      from: state.from, to: state.to, c: state.c, ...(state.i >= 0 ? { i: String(state.i) } : {}) }).toString();
  const follow = () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    for (const name of /** @type {const} */ (["w", "m", "g", "r", "from", "to", "c"])) state[name] =
        asked.get(name) ?? { c: "line", w: "?" }[/** @type {string} */ (name)] ?? "";
    state.s = (asked.get("s") || "").split(",");
    state.i = asked.has("i") ? Number(asked.get("i")) : -1;
  };
  const keep = () => {
    try {
      history.replaceState(null, "", `#${address()}`);
    } catch {
      return; // a frame without an address: the view is simply not kept
    }
  };
  const show = () => {
    const found = settle();
    at("beside").className = lines.length > 2 ? "beside below" : "beside";
    const width = at("chart").clientWidth;
    say(found);
    tabulate();
    draw(width);
    keep();
  };

  // --- taking it along ------------------------------------------------------------------------------
  const csv = () => {
    const safe = (/** @type {string|number|null|undefined} */ v) => {
      const text = v === null || v === undefined ? "" : String(v);
      const inert = typeof v === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
      return /[",\n\r]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
    };
    const exact = (/** @type {number|null} */ v, /** @type {string} */ unit) =>
        (v !== null && unit !== "count" && Number.isInteger(v) ? v.toFixed(1) : v);
    const rows = lines.flatMap(({ s, rows: own }) => own.map((r) =>
        [s.p, s.w, s.m, s.g, r.start, r.end, exact(r.value, s.u), s.u, r.a, r.b, r.n, r.form].map(safe).join(",")));
    return ["pathway,wait,measure,group,period_start,period_end,value,unit,numerator,denominator,n,form", ...rows,
        ""].join("\n");
  };
  const drawing = () => {
    const drawn = /** @type {Node} */ (at("chart").querySelector("svg[role=img]"));
    const copy = drawn.cloneNode(true);
    copy.removeChild(/** @type {Node} */ (copy.lastChild)); // the ring of the reader
    return new XMLSerializer().serializeToString(copy);
  };
  /** @returns {Promise<Blob>} */
  const picture = () => new Promise((done, fail) => {
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [image.width * 2, image.height * 2];
      canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("no picture"))), "image/png");
    };
    image.onerror = () => fail(new Error("no picture"));
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(drawing())}`;
  });
  const made = async () => {
    if (pick("as").value === "png") return picture();
    return pick("as").value === "csv" ? new Blob([csv()], { type: "text/csv" })
        : new Blob([drawing()], { type: "image/svg+xml" });
  };
  const save = async () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await made());
    link.download = `${[...state.s, state.m, state.r].join("_").toLowerCase()}.${pick("as").value}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    at("taken").textContent = `Saved as ${link.download}.`;
  };
  const copy = async () => {
    try {
      const blob = await made();
      if (blob.type === "image/png") await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
      else await navigator.clipboard.writeText(await blob.text());
      at("taken").textContent = "Copied.";
    } catch {
      await save(); // the browser does not let a page copy: it is saved instead
    }
  };
  const copyLink = async () => {
    const url = /** @type {HTMLInputElement} */ (at("url"));
    url.value = `${location.href.split("#")[0]}#${address()}`;
    at("address").hidden = false;
    try {
      await navigator.clipboard.writeText(url.value);
      at("taken").textContent = "The link is copied.";
    } catch {
      url.select();
      at("taken").textContent = "Copy the link from the box.";
    }
  };

  // --- start ----------------------------------------------------------------------------------------
  at("services").append(...codes.map((code) => el("label", { class: "pick" },
      el("input", { type: "checkbox", value: code }), data.services[code][1])));
  at("kinds").append(...Object.entries(KINDS).map(([value, text]) =>
      el("label", { class: "pick" }, el("input", { type: "radio", name: "kind", value }), text)));
  at("choices").addEventListener("change", (event) => {
    const input = /** @type {HTMLInputElement} */ (event.target);
    const boxes = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("#services input:checked"));
    if (input.type === "checkbox") state.s = [...boxes].map((box) => box.value);
    else if (input.type === "radio") state.c = input.value;
    else state[/** @type {"w"} */ (FIELDS[input.id])] = input.value;
    state.i = -1;
    show();
  });
  at("choices").addEventListener("submit", (event) => event.preventDefault());
  slider.addEventListener("input", () => { read(Number(slider.value), true); keep(); });
  const nearest = (/** @type {PointerEvent|MouseEvent} */ event) => {
    const drawn = at("chart").querySelector("svg[role=img]");
    if (!drawn || !marks.length || !drawn.contains(/** @type {Node} */ (event.target))) return -1;
    const box = drawn.getBoundingClientRect(), scale = Number(drawn.getAttribute("width")) / box.width;
    const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
    const far = marks.map((m) => (m.x - x) ** 2 + (m.y - y) ** 2);
    return far.indexOf(Math.min(...far));
  };
  at("chart").addEventListener("pointermove", (event) => void (nearest(event) >= 0 && read(nearest(event), false)));
  at("chart").addEventListener("click", (event) => {
    if (nearest(event) >= 0) read(nearest(event), true);
    keep();
  });
  at("copy").addEventListener("click", copy);
  at("save").addEventListener("click", save);
  at("link").addEventListener("click", copyLink);
  at("print").addEventListener("click", () => print());
  at("skip").addEventListener("click", (event) => { event.preventDefault(); at("view").focus(); });
  addEventListener("hashchange", () => { follow(); show(); });
  let wide = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== wide) draw(at("chart").clientWidth);
    wide = innerWidth;
  });
  at("choices").hidden = at("view").hidden = false;
  follow();
  show();
})();
