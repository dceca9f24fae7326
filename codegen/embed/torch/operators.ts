import type { PythonArguments } from './arguments.js';

/** What `_ops.py.hbs` and `_autograd.py.hbs` are given. Operators take first what has a gradient, embeddings before learned scalars, and then what has none. */
export function operatorContext({ tensors, params, guides, vectors, hasCount, queryCount, keyCount }: PythonArguments): object {
  const names = ({ name }: { readonly name: string }): string => name;
  const differentiable = [...tensors, ...params].map(names);
  const others = [...guides, ...vectors].map(names);
  const all = [...differentiable, ...others, ...(hasCount ? ['query_count'] : [])];
  return {
    firstTensor: differentiable[0] ?? '',
    names: all.join(', '),
    // As PyTorch's dispatcher writes them.
    schema: all.map((name) => `${name === 'query_count' ? 'int' : 'Tensor'} ${name}`).join(', '),
    signature: all.map((name) => `${name}: ${name === 'query_count' ? 'int' : 'Tensor'}`).join(', '),
    counts: [...(hasCount ? [] : [`query_count = ${queryCount}`]), `key_count = ${keyCount}`],
    held: tuple([...tensors, ...params, ...guides, ...vectors].map(names)),
    matrices: [...tensors, ...guides].map(names),
    places: vectors.flatMap(({ name, places }) => places.map((path) => ({ name, path }))),
    vectors: vectors.map(({ name, count, type }) => ({ name, count, dtype: type === 'i32' ? 'int32' : 'float32' })),
    differentiable: tuple(differentiable),
    requiresGrad: differentiable.map((name) => `${name}.requires_grad`).join(' or '),
    taken: tuple(all),
    takenType: `Tuple[${all.map((name) => (name === 'query_count' ? 'int' : 'Tensor')).join(', ')}]`,
    call: [...all, 'group'].join(', '),
    tensorNames: [...differentiable, ...others].join(', '),
    // Gradients of learned scalars come behind those of embeddings.
    scalarPlaces: params.map(({ name }, place) => ({ name, place: tensors.length + place })),
    argumentCount: all.length + 2,
    mostGradients: differentiable.length,
    // Behind all of these come the name of a process group, and what computes.
    returned: ['*gradients', ...all.slice(differentiable.length), 'group', 'compute'].map((name) => (name === '*gradients' ? name : 'None')).join(', '),
  };
}

/** The inside of a tuple of any length. */
function tuple(items: readonly string[]): string {
  return items.length === 1 ? `${items.join('')},` : items.join(', ');
}
