import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { findProgram } from '../../../runtime/artifact/toolchain/find-program.js';

/** The path of a Chromium, or undefined. */
export async function findChromium(): Promise<string | undefined> {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    const found = await findProgram(name, process.env);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function launch(executablePath: string): Promise<Browser> {
  const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', ...quiet] });
}

export interface Viewing {
  readonly width?: number;
  readonly colorScheme?: 'light' | 'dark';
  readonly script?: boolean;
}

/** A page as a reader has it open, with all that it did beside showing itself. */
export interface Opened {
  readonly page: Page;
  /** What it asked for beside its own file. */
  readonly requests: readonly string[];
  /** What the browser had to say of it. */
  readonly messages: readonly string[];
}

/** Opens a file without a network, for as long as `look` takes. */
export async function withPage(browser: Browser, file: string, { width = 1280, colorScheme = 'light', script = true }: Viewing, look: (opened: Opened) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, javaScriptEnabled: script, offline: true });
  try {
    const [requests, messages]: [string[], string[]] = [[], []];
    const page = await context.newPage();
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => messages.push(message.text()));
    page.on('pageerror', (error) => messages.push(String(error)));
    const url = pathToFileURL(file).href;
    await page.goto(url);
    await look({ page, messages, get requests() { return requests.filter((request) => request !== url); } });
  } finally {
    await context.close();
  }
}
