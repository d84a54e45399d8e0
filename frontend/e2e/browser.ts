/**
 * Opens the Chromium that npm brings, as a phone whose profile outlives the browser.
 *
 * It knows nothing of the app. The browser needs no library and no font of the machine: both are
 * unpacked beside it, once, under node_modules/.cache.
 *
 *     const phone = await launchPhone(profile);
 *     await phone.page.goto(url);
 *     await phone.kill();                        // as if the battery fell out
 *     const again = await launchPhone(profile);
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, chromium, type Page } from '@playwright/test';
import decompress from 'woff2-encoder/decompress';
import packageFile from '../package.json' with { type: 'json' };

const CACHE = fileURLToPath(new URL('../node_modules/.cache', import.meta.url));
const FONTS = fileURLToPath(
  new URL('../node_modules/@fontsource-variable/noto-sans-sc/files', import.meta.url),
);

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-dev-shm-usage',
  '--disable-gpu',
  '--disable-quic',
  '--disable-sync',
  '--font-render-hinting=none',
  '--lang=zh-CN',
  '--no-first-run',
];

export type PhoneOptions = Parameters<typeof chromium.launchPersistentContext>[1] & {
  width?: number;
  height?: number;
  /** A folder with fonts and their `fonts.conf`, instead of the browser's own. */
  fonts?: string;
};

export interface Phone {
  context: BrowserContext;
  page: Page;
  /** The browser's own process, the parent of all its others. */
  pid: number;
  /** Ends every process of the browser at once, with nothing flushed and nothing said. */
  kill(): Promise<void>;
  /** Fails if anything the page did was refused by its Content Security Policy. */
  close(): Promise<void>;
}

/** Opens, or opens again, the browser on a profile folder. Close or kill it before the next. */
export async function launchPhone(
  userDataDir: string,
  { width = 360, height = 640, args = [], fonts, ...options }: PhoneOptions = {},
): Promise<Phone> {
  const home = await unpackedBrowser();
  const context = await chromium.launchPersistentContext(userDataDir, {
    executablePath: join(home, 'chromium'),
    args: [...ARGUMENTS, ...args],
    env: browserEnvironment(home, fonts),
    viewport: { width, height },
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
    locale: 'zh-CN',
    timezoneId: 'Asia/Shanghai',
    ...options,
  });
  context.setDefaultTimeout(20_000);
  const pid = browserProcess(userDataDir);
  const refused: string[] = [];
  context.on('console', (message) => {
    if (REFUSED.test(message.text())) refused.push(message.text());
  });
  return {
    context,
    page: context.pages()[0] ?? (await context.newPage()),
    pid,
    kill: () => killAll(pid, context),
    close: async () => {
      await context.close();
      if (refused.length) throw new Error(`refused by the policy: ${refused.join('\n')}`);
    },
  };
}

/** What the browser says when a page does what its policy forbids (fieldapp/web.py). */
const REFUSED = /Content Security Policy|Trusted(HTML|Script|ScriptURL)|TrustedTypePolicy/;

/** Where Chromium is; unpacks it the first time. */
export async function chromiumPath(): Promise<string> {
  return join(await unpackedBrowser(), 'chromium');
}

async function unpackedBrowser(): Promise<string> {
  const home = join(CACHE, `chromium-${packageFile.devDependencies['@sparticuz/chromium']}`);
  if (!existsSync(home)) await unpackInto(home);
  return home;
}

/** Unpacks beside the final folder and renames, so that a broken attempt is never mistaken for it. */
async function unpackInto(home: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const attempt = await mkdtemp(`${home}.`);
  try {
    await inflateInto(attempt);
    await addChineseFont(join(attempt, 'fonts'));
    await writeFile(join(attempt, 'fonts/fonts.conf'), fontConfiguration(join(home, 'fonts')));
    await rename(attempt, home);
  } catch (error) {
    await rm(attempt, { recursive: true, force: true });
    if (!existsSync(home)) throw error;
  }
}

/** The package unpacks into the temporary folder, and its libraries only where it sees a Lambda. */
async function inflateInto(folder: string): Promise<void> {
  const here = { TMPDIR: folder, AWS_LAMBDA_JS_RUNTIME: 'nodejs22.x' };
  const before = Object.keys(here).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, here);
  try {
    const { default: packed } = await import('@sparticuz/chromium');
    await packed.executablePath();
  } finally {
    // One by one: `os.tmpdir()` asks the process itself, which another object in this place wouldn't reach.
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

/** Chromium brings Latin letters only, and takes no compressed fonts from the system. */
async function addChineseFont(folder: string): Promise<void> {
  for (const name of await readdir(FONTS)) {
    const compressed = await readFile(join(FONTS, name));
    await writeFile(join(folder, name.replace('.woff2', '.ttf')), await decompress(compressed));
  }
}

function browserEnvironment(home: string, fonts = join(home, 'fonts')): Record<string, string> {
  const given = Object.entries(process.env).filter(
    (entry): entry is [string, string] => !!entry[1],
  );
  return {
    ...Object.fromEntries(given),
    // Date fields follow the browser's language, not the page's.
    LC_ALL: 'zh_CN.UTF-8',
    FONTCONFIG_PATH: fonts,
    LD_LIBRARY_PATH: join(home, 'al2023/lib'),
  };
}

/** For the fonts in a folder; what is found out about them is kept beside it. */
export function fontConfiguration(fonts: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${fonts}</dir>
  <cachedir>${fonts}-cache</cachedir>
</fontconfig>
`;
}

/** Playwright keeps the process to itself, so it is looked up by its profile. */
function browserProcess(userDataDir: string): number {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const command = commandOf(pid);
    const isChild = command.some((argument) => argument.startsWith('--type='));
    if (command.includes(`--user-data-dir=${userDataDir}`) && !isChild) return Number(pid);
  }
  throw new Error(`No browser runs on ${userDataDir}`);
}

function commandOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return []; // it ended meanwhile
  }
}

async function killAll(pid: number, context: BrowserContext): Promise<void> {
  const closed = new Promise((resolve) => context.once('close', resolve));
  process.kill(-pid, 'SIGKILL'); // Playwright gives a browser a process group of its own
  await closed;
}
