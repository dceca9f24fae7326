import test from 'ava';
import { compileProgram } from '../../codegen/compile.js';
import { targetNamed } from '../../codegen/targets/index.js';
import { automatic, clip, counterpart, ntXent, pairwiseLoss, siglip, softmax, softplus, type PairwiseLoss } from '../../dsl/index.js';

/** The presets once more, as a user would come to write them: other words, other order, the same meaning. */
const own: readonly (readonly [preset: PairwiseLoss, own: PairwiseLoss])[] = [
  [
    clip,
    pairwiseLoss('clip', {
      params: ['logScale'],
      functions: { scaled: (x: number, logScale: number) => x * Math.exp(logScale) },
      logit: ({ dot, params: { logScale }, functions }) => functions.scaled(dot, logScale),
      rows: { weight: 0.5, value: ({ lse, positiveLogit }) => -(positiveLogit - lse) },
      cols: softmax({ weight: 0.5 }),
    }),
  ],
  [
    siglip,
    pairwiseLoss('siglip', {
      params: ['logScale', 'bias'],
      logit: (pair) => pair.params.bias + pair.dot * Math.exp(pair.params.logScale),
      pairs: { value: ({ positive, logit: s }) => softplus(positive ? -s : s) },
    }),
  ],
  [
    ntXent,
    pairwiseLoss('ntXent', {
      params: ['logScale'],
      between: { rows: ['queries', 'keys'], cols: ['queries', 'keys'] },
      positives: counterpart,
      logit: ({ dot, params }) => dot * Math.exp(params.logScale),
      rows: { counts: ({ row, col }) => row.index !== col.index || row.view !== col.view },
    }),
  ],
];

for (const [preset, mine] of own) {
  for (const name of ['x86-64-v4', 'sm_80']) {
    test(`a loss of one's own that equals ${preset.name} is the same code on ${name}`, (t) => {
      const target = targetNamed(name);
      if (target === undefined) return t.fail(`no target ${name}`);
      const program = (loss: PairwiseLoss) => compileProgram({ loss, dim: 64, precision: 'bf16', tiling: automatic, target, softmax: 'bounded' });
      const [theirs, ours] = [program(preset), program(mine)];
      t.deepEqual(withoutHeaders(ours.files), withoutHeaders(theirs.files));
      t.deepEqual(ours.plan, theirs.plan);
    });
  }
}

/** The loss's formulas stand in the comment at a file's head as they were written. */
function withoutHeaders(files: readonly { readonly path: string; readonly text: string }[]): readonly unknown[] {
  return files.map(({ path, text }) => ({ path, text: text.replace(/^(\/\/.*\n)+/, '') }));
}
