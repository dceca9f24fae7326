import { stripVTControlCharacters } from 'node:util';
import pc from 'picocolors';

/** Where a command writes: results to `out`, everything about the run to `err`. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Colours for `err`; they do nothing where it is no terminal. */
  readonly colors: Colors;
  /** The stream of `err` where it is a terminal: progress is drawn on it. */
  readonly screen: NodeJS.WriteStream | undefined;
}

export type Colors = ReturnType<typeof pc.createColors>;

/** The process's own. Colours follow NO_COLOR (none) and FORCE_COLOR (always), else whether the stream is a terminal. */
export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    colors: pc.createColors(wantsColors(stderr.isTTY, process.env)),
    screen: stderr.isTTY ? stderr : undefined,
  };
}

/** Keeps what is written, without colours: for tests. */
export class MemoryTerminal implements Terminal {
  readonly colors = pc.createColors(false);
  readonly screen = undefined;
  stdout = '';
  stderr = '';

  out(text: string): void {
    this.stdout += stripVTControlCharacters(text);
  }

  err(text: string): void {
    this.stderr += stripVTControlCharacters(text);
  }
}

function wantsColors(isTerminal: boolean, { NO_COLOR: none, FORCE_COLOR: force }: NodeJS.ProcessEnv): boolean {
  if (none !== undefined && none !== '') return false;
  return force !== undefined && force !== '' ? force !== '0' : isTerminal;
}
