import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { compileProgram, type Program } from '../../codegen/compile.js';
import { packagePath } from '../../codegen/emit/package-path.js';
import { generatedFiles } from '../../codegen/generate.js';
import { targets } from '../../codegen/targets/index.js';
import type { Target } from '../../codegen/targets/target.js';
import { automatic, clip, infoNCE, pairwiseLoss, siglip, softmax, softplus, type PairwiseLoss } from '../../runtime/index.js';

const root = packagePath('generated');
const hint = 'npm run generate writes generated/ anew';

test('generated/ holds what the compiler emits for the presets', (t) => {
  const emitted = generatedFiles();
  t.deepEqual(committed(), [...emitted.keys()].sort(), hint);
  for (const [name, text] of emitted) t.is(committedText(name), text, `generated/${name} differs: ${hint}`);
});

test('the same request gives the same bytes', (t) => {
  for (const target of targets) t.deepEqual(emit(clip, target).files, emit(clip, target).files, target.name);
});

test('emitted text holds no HTML escapes, no paths of this machine, no blanks at line ends', (t) => {
  const sources = targets.flatMap((target) => [clip, siglip].flatMap((loss) => emit(loss, target).files.map(({ path: name, text }) => ({ name: `${target.name}: ${loss.name}/${name}`, text }))));
  for (const { name, text } of sources) {
    t.notRegex(text, /&(?:amp|lt|gt|quot|#x?\w+);/, name);
    t.notRegex(text, /(?:^|[\s"'(=])\/(?:home|root|work|tmp|usr|opt|var|mnt|Users)\//m, name);
    t.false(text.includes(packagePath()), name);
    t.notRegex(text, /[ \t]$/m, name);
    t.true(text.endsWith('\n'), name);
  }
});

// Written as users do, in other words than the presets.
const mine: readonly (readonly [PairwiseLoss, PairwiseLoss])[] = [
  [
    clip,
    pairwiseLoss('mine', {
      params: ['logScale'],
      logit: (pair) => {
        const scale = Math.exp(pair.params.logScale);
        return scale * pair.dot;
      },
      rows: softmax({ weight: 0.5 }),
      cols: softmax({ weight: 0.5 }),
    }),
  ],
  [infoNCE, pairwiseLoss('mine', { params: ['logScale'], logit: ({ dot, params: { logScale } }) => Math.exp(logScale) * dot, rows: softmax() })],
  [
    siglip,
    pairwiseLoss('mine', {
      params: ['logScale', 'bias'],
      logit: ({ dot, params }) => Math.exp(params.logScale) * dot + params.bias,
      pairs: {
        value: ({ logit, positive }) => {
          const signed = positive ? -logit : logit;
          return softplus(signed);
        },
      },
    }),
  ],
];

for (const [preset, own] of mine) {
  test(`${preset.name} written by a user gives its sources, apart from the name`, (t) => {
    for (const target of targets) {
      t.deepEqual(emit(own, target).files.map(renamed(own, preset)), emit(preset, target).files, target.name);
    }
  });
}

test('files that do not depend on the loss are the same for every loss', (t) => {
  for (const target of targets) {
    const shared = (loss: PairwiseLoss, names: RegExp) => emit(loss, target).files.filter(({ path: name }) => names.test(name));
    t.true(shared(clip, /^(?:accumulate|vectors)\./).length === 2, target.name);
    t.deepEqual(shared(siglip, /^(?:accumulate|pack)\./), shared(clip, /^(?:accumulate|pack)\./), target.name);
    // What sums vectors knows how many parameters there are, and nothing else of the loss.
    t.deepEqual(shared(infoNCE, /^vectors\./), shared(clip, /^vectors\./), target.name);
  }
});

function emit(loss: PairwiseLoss, target: Target): Program {
  return compileProgram({ loss, dim: 512, precision: 'f32', tiling: automatic, target, softmax: 'bounded' });
}

function renamed(own: PairwiseLoss, preset: PairwiseLoss): (file: { readonly path: string; readonly text: string }) => object {
  return ({ path: name, text }) => ({ path: name, text: text.replaceAll(own.name, preset.name) });
}

function committed(): readonly string[] {
  if (!existsSync(root)) return [];
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
}

function committedText(name: string): string | undefined {
  return committed().includes(name) ? readFileSync(path.join(root, name), 'utf8') : undefined;
}
