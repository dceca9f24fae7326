// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** The C library as Node sees it: open(onGpu, number), run(handle, arrays, params, outputs), target(handle), close(handle). */
export const native = load(fileURLToPath(new URL('./build/infinitile_clip.node', import.meta.url)));

function load(path) {
  if (!existsSync(path)) {
    throw new Error(`${path} is missing: installing infinitile-clip builds it by a script. Run npm rebuild infinitile-clip, where CMake 3.18, a C11 and a C++17 compiler with OpenMP are`);
  }
  return createRequire(import.meta.url)(path);
}

/** What the library calls the arguments of a run. */
const names = { queries: 'q', keys: 'k' };

/** What the library tells by a status and a message, as an error with the stack of the caller. */
export async function told(promise) {
  try {
    return await promise;
  } catch ({ message, code }) {
    throw Object.assign(new Error(message.replace(/^\w+/, (name) => names[name] ?? name).replace('infinitile_clip_create_cpu()', 'open()')), { code });
  }
}
