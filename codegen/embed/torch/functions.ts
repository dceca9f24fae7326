import type { Problem } from '../../plan/problem.js';
import type { PythonArguments } from './arguments.js';
import { openClipNames } from './names.js';

/** What `functional.py.hbs` and `module.py.hbs` are given. */
export function functionContext({ loss, dim, guideDim = dim, precision }: Problem, python: PythonArguments): object {
  const { given, tensors, givenGuides, guides, params, vectors, hasCount } = python;
  const keywords = [...givenGuides, ...vectors].map(({ name }) => name);
  const byPlace = [...given.map(({ name }) => `${name}: Tensor`), ...params.map(({ name }) => `${name}: Union[Tensor, float]`)];
  const byName = keywords.map((name) => `${name}: Tensor`);
  const [queries = ''] = given.map(({ name }) => name);
  const stacks = [{ to: tensors, from: given }, { to: guides, from: givenGuides }].flatMap(({ to, from }) => (to === from ? [] : to.map(({ name }) => ({ name, first: from[0]?.name ?? '', second: from[1]?.name ?? '' }))));
  const modules = moduleArguments(python);
  return {
    summary: `Loss \`${loss.name}\` of embeddings of ${dim} numbers in ${precision}, and its exact gradients: the matrix of similarities is never stored.`,
    functionParameters: parameters(byPlace, [...byName, 'group: str = ""'], 0),
    documented: [
      ...given.map(({ name, rows }) => ({ name, what: `embeddings [${rows}, ${dim}].` })),
      ...params.map(({ name, declared }) => ({ name, what: `the learned scalar \`${declared}\`.` })),
      ...givenGuides.map(({ name, rows }) => ({ name, what: `embeddings [${rows}, ${guideDim}] of the guide, which get no gradient.` })),
      ...vectors.map(({ name, rows, what, type }) => ({ name, what: `${type === 'i32' ? 'whole numbers, int32 or int64' : 'numbers, float32'} [${rows}]: ${what}.` })),
    ],
    firstGiven: queries,
    givenNames: [...[...given, ...params].map(({ name }) => name), ...keywords].join(', '),
    takenParameters: parameters([...byPlace, ...byName], [], 0),
    tensorArguments: given,
    constants: keywords.map((name) => ({ name })),
    countLine: hasCount ? `query_count = len(${queries})` : false,
    stacks,
    moduleParameters: parameters(
      ['self', ...modules.features.map((name) => `${name}: Tensor`), ...modules.params.map(({ given: name }) => `${name}: Union[Tensor, float]`)],
      [...byName, 'output_dict: bool = False'],
      4,
    ),
    moduleCall: [...modules.features, ...modules.params.map(({ value }) => value), ...keywords.map((name) => `${name}=${name}`), 'group=self._group'].join(', '),
    logarithms: modules.params.filter(({ logarithm }) => logarithm),
    hasLogarithm: modules.params.some(({ logarithm }) => logarithm),
    example: { features: modules.features.join(', '), params: modules.params.map(({ given: name }) => name).join(', '), keywords: keywords.map((name) => `, ${name}=${name}`).join('') },
  };
}

/** Parameters by position, and those by name alone: in lines of their own where one is too short. `indent`: of the function. */
function parameters(byPlace: readonly string[], byName: readonly string[], indent: number): string {
  const all = [...byPlace, ...(byName.length === 0 ? [] : ['*', ...byName])];
  const line = all.join(', ');
  if (line.length <= 100) return line;
  const inner = `\n${' '.repeat(indent + 4)}`;
  return `${inner}${all.join(`,${inner}`)},\n${' '.repeat(indent)}`;
}

interface ModuleParam {
  readonly name: string;
  readonly given: string;
  /** What the function is given. */
  readonly value: string;
  readonly logarithm: boolean;
}

/** As open_clip calls its losses: a scale is given as it multiplies, of which the loss declares the logarithm. */
function moduleArguments({ given, params }: PythonArguments): { readonly features: readonly string[]; readonly params: readonly ModuleParam[] } {
  const features = given.length > 1 ? ['image_features', 'text_features'] : ['features'];
  return {
    features,
    params: params.map(({ name, declared }) => {
      const logarithm = declared === 'logScale';
      const own = openClipNames.get(declared) ?? name;
      return { name, given: own, value: logarithm ? `checked(self._group, ${features[0] ?? ''}, _log, ${own})` : own, logarithm };
    }),
  };
}
