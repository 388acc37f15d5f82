/** No work is lost: what is drawn goes to the program a second after each edit, and to the browser at once. */

const KEEP_AFTER_MS = 1000;
const RETRY_MS = 2000;

/** The program cannot be reached. */
export class GoneError extends Error {}

/** Another page was faster; `theirs` is what the program has now. */
class OutdatedError extends Error {
  constructor(theirs) {
    super("Another page was faster.");
    this.theirs = theirs;
  }
}

/** A request to the program. With a body it is a POST. */
export async function call(path, body) {
  const response = await fetch(path, body === undefined ? {} : { method: "POST", body }).catch(() => {
    throw new GoneError("The program cannot be reached.");
  });
  if (response.ok) return response;
  const answer = await response.json().catch(() => ({ error: `The program answered ${response.status}.` }));
  if (response.status === 404) throw new GoneError("The program has ended.");
  throw response.status === 409 ? new OutdatedError(answer) : Object.assign(new Error(answer.error), { revision: answer.revision });
}

/** In the browser, for when neither the program nor the page is left. */
function createLocalCopy(place) {
  const key = `wanmove ${place}`;
  const quietly = (act) => {
    try {
      return act();
    } catch {  // switched off, or full: the program has it too
      return null;
    }
  };
  return {
    read: () => quietly(() => JSON.parse(localStorage.getItem(key) ?? "null")),
    write: (work) => quietly(() => localStorage.setItem(key, JSON.stringify(work))),
    clear: () => quietly(() => localStorage.removeItem(key)),
  };
}

/**
 * @param start what the program began with
 * @param page {work(): what is drawn now, show(work, asStep): take another's, failed(error)}
 */
export function createKeeping(start, page) {
  const text = () => JSON.stringify(page.work());
  const local = createLocalCopy(start.place);
  let base = start.revision;
  let sent = text();
  let saved = start.saved;
  let kept = true;
  let timer = 0;
  let asked = 0;  // requests that are not answered yet
  let queue = Promise.resolve();

  /** Theirs becomes a step of undo, and ours again the step after it. */
  function meet(theirs) {
    const [mine, changed] = [page.work(), text() !== sent];
    base = theirs.revision;
    const same = Object.keys(mine).every((part) => mine[part] === theirs[part]);
    if (!same) page.show(theirs);
    if (changed && !same) page.show(mine);
    else sent = text();
  }

  async function once(path) {
    const body = text();
    try {
      const news = await (await call(`${path}?base=${base}`, body)).json();
      [base, sent, saved, kept] = [news.revision, body, news.saved, true];
      if (text() === sent) local.clear();
      else later(KEEP_AFTER_MS);
      return news;
    } catch (error) {
      if (!(error instanceof OutdatedError)) {
        kept = false;
        later(RETRY_MS);
        // It was taken, though it is on no disk: the revision counts.
        if (error.revision !== undefined) [base, sent] = [error.revision, body];
        throw error;
      }
      meet(error.theirs);
      return once(path);
    }
  }

  /** One request at a time, in their order. */
  function send(path) {
    clearTimeout(timer);
    asked += 1;
    const made = queue.then(() => once(path)).finally(() => (asked -= 1));
    queue = made.then(() => {}, () => {});
    return made;
  }

  function later(ms) {
    clearTimeout(timer);
    timer = setTimeout(keep, ms);
  }

  function keep() {
    send("keep").then(page.kept, page.failed);
  }

  return {
    send,
    /** Something was changed here. */
    changed() {
      if (text() === sent && asked === 0) {
        // Undone before it was sent: there is nothing to tell, and nothing to find again.
        local.clear();
        return clearTimeout(timer);
      }
      local.write(page.work());
      later(KEEP_AFTER_MS);
    },
    /** Another page, or a new run of the program, has something else. */
    async heard(news) {
      saved = news.saved;
      await queue;
      if (news.revision > base) meet(await (await call("start")).json());
    },
    /** What an earlier page could not give to the program. */
    leftBehind: () => {
      const left = local.read();
      return left && JSON.stringify(left) !== sent ? left : null;
    },
    /** Whether the program has it, and on the disk. */
    isSent: () => text() === sent,
    isKept: () => kept && text() === sent,
    isSaved: () => saved && text() === sent,
    leave() {
      if (text() !== sent || asked) navigator.sendBeacon(`keep?base=${base}`, text());
    },
  };
}
