import type { Answer, Request } from './messages.js';
import { Workbench } from './workbench.js';

/** The process that owns the device while candidates are timed: it answers one request after another. */

let bench: Workbench | undefined;

async function answer(request: Request): Promise<Answer> {
  if (request.kind === 'open') {
    bench = await Workbench.open(request.problem);
    return { kind: 'opened' };
  }
  if (bench === undefined) throw new Error('nothing was opened');
  return request.kind === 'time' ? bench.time(request.tiling) : bench.check(request.tiling);
}

process.on('message', (request: Request) => {
  answer(request)
    .catch((error: unknown): Answer => ({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }))
    .then((told) => process.send?.(told), () => undefined);
});

// Ctrl-C reaches all processes of a terminal: the one that started this one decides.
process.on('SIGINT', () => undefined);

// Whoever waited is gone. A device that hangs would keep an orderly end waiting.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
