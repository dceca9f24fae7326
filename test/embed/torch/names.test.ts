import test from 'ava';
import { PythonNames } from '../../../codegen/embed/torch/names.js';
import { emitTorch } from '../../../codegen/embed/torch/index.js';
import { automatic, clip, gist, indexMap, infoNCE, ntXent, supCon, withPositives, type PairwiseLoss } from '../../../runtime/index.js';
import { here } from '../support/exported-case.js';

/*
 * A loss may call its learned scalars whatever it likes: no name that emitted functions with such arguments use may be one of theirs.
 */

/** Modules whose functions take what callers give. */
const modules = ['_ops', '_autograd', 'functional', 'module'];

/** Words of functions that take no such arguments, and of what is evaluated outside of functions. */
const elsewhere = new Set(['first', 'scale', 'f', 'bool', 'staticmethod', 'local_loss', 'gather_with_grad', 'cache_labels', 'rank', 'world_size', 'use_horovod']);

/** Of code: no comments and texts, no attributes, nothing that is given by its name in a call. Losses have no names that begin with `_`. */
function namesIn(source: string): ReadonlySet<string> {
  const code = source
    .replaceAll(/"""[^]*?"""|"(?:[^"\\]|\\.)*"/g, '')
    .replaceAll(/#.*$/gm, '')
    .replaceAll(/^(?:from|import) .*$/gm, '')
    .replaceAll(/\.\s*\w+/g, '')
    .replaceAll(/\b\w+=(?!=)/g, '');
  return new Set(code.match(/\b[a-z]\w*/g));
}

/** Whether an argument that a loss calls so gets another name. */
function isReserved(loss: PairwiseLoss, name: string): boolean {
  return new PythonNames(loss).take(name) !== name;
}

for (const loss of [clip, infoNCE, supCon, ntXent, gist({ margin: 0.1 }), withPositives(infoNCE, indexMap)]) {
  test(`${loss.name}, ${loss.positives.kind}: names of the emitted code are taken`, (t) => {
    const files = emitTorch({ loss, dim: 30, precision: 'f32', tiling: automatic, targets: [here], ...(loss.guide ? { guideDim: 24 } : {}) }, new Map());
    const own = new Set(argumentsOf(files));
    const used = modules.flatMap((module) => [...namesIn(sourceOf(files, module))]);
    t.true(used.length > 50);
    t.deepEqual([...new Set(used)].filter((name) => !own.has(name) && !elsewhere.has(name) && !isReserved(loss, name)), []);
  });
}

function sourceOf(files: ReadonlyMap<string, string>, module: string): string {
  const [, source] = [...files].find(([path]) => path.endsWith(`/${module}.py`)) ?? [];
  if (source === undefined) throw new Error(`no ${module}.py is emitted`);
  return source;
}

/** Of the function of the package, and of its operators. */
function argumentsOf(files: ReadonlyMap<string, string>): readonly string[] {
  const [, given = ''] = /^def \w+_loss\(([^)]*)\)/m.exec(sourceOf(files, 'functional')) ?? [];
  const [, taken = ''] = /^def loss_alone\(([^)]*)\)/m.exec(sourceOf(files, '_ops')) ?? [];
  return [...`${given}, ${taken}`.matchAll(/(\w+): /g)].map(([, name = '']) => name).filter((name) => name !== 'group');
}
