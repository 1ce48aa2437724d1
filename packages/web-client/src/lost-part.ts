// A part of the page that is loaded when it is wanted and is not there any more: the server has another version by now. Then
// the page is to be loaded anew; by itself once, so that a part which never comes does not load it again and again.

export class LostPartError extends Error {
  constructor(cause: unknown) {
    super('a part of this page could not be loaded', { cause });
    this.name = 'LostPartError';
  }
}

export interface LostPartTools {
  /** Whether the server gives this page: else loading it anew would lose what still stands there. */
  serverAnswers(): Promise<boolean>;
  reload(): void;
  /** What outlives a reload, but not the tab. */
  memory: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
}

const RELOADED = 'parley.reloaded-for';

/**
 * Loads a part; where it is gone, loads the page anew and never ends. The second time in a row it does not help:
 * @param part its name, the same at each try
 * @throws LostPartError
 */
export async function loadPart<Part>(
  part: string,
  load: () => Promise<Part>,
  tools: LostPartTools = browserTools(),
): Promise<Part> {
  try {
    const loaded = await load();
    forget(part, tools);
    return loaded;
  } catch (error) {
    if (!mayReload(part, tools) || !(await tools.serverAnswers())) throw new LostPartError(error);
    console.warn(`${part} is not there any more: loading the page anew`, error);
    tools.reload();
    return new Promise(() => undefined);
  }
}

/** Notes it, too. Without a memory the page could load itself without end: then rather not at all. */
function mayReload(part: string, { memory }: LostPartTools): boolean {
  try {
    if (memory.getItem(RELOADED) === part) return false;
    memory.setItem(RELOADED, part);
    return true;
  } catch (error) {
    console.info('this tab remembers nothing', error);
    return false;
  }
}

function forget(part: string, { memory }: LostPartTools): void {
  try {
    if (memory.getItem(RELOADED) === part) memory.removeItem(RELOADED);
  } catch (error) {
    console.info('this tab remembers nothing', error);
  }
}

function browserTools(): LostPartTools {
  return {
    serverAnswers: async () => {
      try {
        return (await fetch(location.pathname, { method: 'HEAD', cache: 'no-store' })).ok;
      } catch (error) {
        console.info('the server cannot be reached', error);
        return false;
      }
    },
    reload: () => location.reload(),
    // Named late: where storage is forbidden, already naming it throws.
    memory: {
      getItem: (key) => sessionStorage.getItem(key),
      setItem: (key, value) => sessionStorage.setItem(key, value),
      removeItem: (key) => sessionStorage.removeItem(key),
    },
  };
}
