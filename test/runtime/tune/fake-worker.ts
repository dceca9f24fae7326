import type { Answer, Request } from '../../../runtime/tune/worker/messages.js';

/** A process that times, and does to a tiling what its name says. */
function answer(request: Request): Answer | undefined {
  if (request.kind === 'open') return { kind: 'opened' };
  switch (request.tiling.name) {
    case 'hangs':
      return undefined;
    case 'crashes':
      process.kill(process.pid, 'SIGSEGV');
      return undefined;
    case 'leaves':
      process.stderr.write('CUDA_ERROR_ILLEGAL_ADDRESS\n', () => process.exit(3));
      return undefined;
    case 'fails':
      return { kind: 'failed', message: 'an illegal address was read' };
    default:
      return request.kind === 'time' ? { kind: 'timed', ms: process.pid, wallMs: 1, softmax: 'bounded' } : { kind: 'checked', error: 0.5, worst: 'loss' };
  }
}

process.on('message', (request: Request) => {
  const told = answer(request);
  if (told !== undefined) process.send?.(told);
});
process.on('disconnect', () => process.exit());
