import type { InterfaceDeclarationStructure, OptionalKind, PropertySignatureStructure, SourceFile } from 'ts-morph';
import { tsMorph } from '../../../dsl/lambda/typescript.js';
import type { PackageInterface, PackageProblem, TensorArgument, VectorArgument } from './interface.js';

type Property = OptionalKind<PropertySignatureStructure>;

export interface DeclarationsRequest extends PackageProblem {
  readonly given: PackageInterface;
  readonly header: string;
  readonly targets: readonly string[];
  /** Without the runtime of Infinitile: what that adds to the options of a run is then absent. */
  readonly standalone: boolean;
}

/** `index.d.ts`: the types of exactly this loss. */
export function emitDeclarations(request: DeclarationsRequest): string {
  const { Project, IndentationText, QuoteKind } = tsMorph();
  const project = new Project({ useInMemoryFileSystem: true, manipulationSettings: { indentationText: IndentationText.TwoSpaces, quoteKind: QuoteKind.Single } });
  const file = project.createSourceFile('index.d.ts', `${request.header}\n\n`);
  addFacts(file, request);
  file.addInterfaces(interfacesOf(request));
  file.addFunction({
    docs: ['A kernel on the CPU, or on a GPU with `device: \'cuda\'`. Rejects where there is no such device, or it runs none of the targets.'],
    ...{ isExported: true, hasDeclareKeyword: true, name: 'open', returnType: 'Promise<Kernel>' },
    parameters: [{ name: 'options', hasQuestionToken: true, type: 'OpenOptions' }],
  });
  return file.getFullText();
}

function addFacts(file: SourceFile, { loss, dim, guideDim = dim, precision, targets }: DeclarationsRequest): void {
  const { VariableDeclarationKind } = tsMorph();
  const facts: readonly (readonly [name: string, what: string, type: string])[] = [
    ['loss', 'Name of the loss.', JSON.stringify(loss.name)],
    ['dim', 'Numbers in an embedding.', String(dim)],
    ...(loss.guide ? [['guideDim', "Numbers in an embedding of the guide.", String(guideDim)] as const] : []),
    ['precision', 'How embeddings are stored.', `'${precision}'`],
    ['targets', 'What the kernels are compiled for.', `readonly [${targets.map((name) => `'${name}'`).join(', ')}]`],
  ];
  for (const [name, what, type] of facts) {
    file.addVariableStatement({ docs: [what], isExported: true, hasDeclareKeyword: true, declarationKind: VariableDeclarationKind.Const, declarations: [{ name, type: type.replaceAll('"', "'") }] });
  }
}

function interfacesOf({ given, standalone, loss }: DeclarationsRequest): OptionalKind<InterfaceDeclarationStructure>[] {
  const params = given.params.length === 0 ? [] : [property('params', 'Params', 'A value for each learned scalar.')];
  return [
    ...(given.params.length === 0 ? [] : [exported('Params', 'The learned scalars, or their gradients.', given.params.map((name) => property(name, 'number')))]),
    exported('Inputs', `What loss \`${loss.name}\` is of. Arrays ${standalone ? 'are copied when a run is asked for' : 'stay as they are until the promise of the run settles: none is written to, transferred or resized'}.`, [...inputsOf(given), ...params]),
    exported('Gradients', 'Of the loss as declared, its means included.', [
      ...given.tensors.map(({ name, what }) => property(name, 'Float32Array', `Of the ${what}.`)),
      ...params.map((one) => ({ ...one, docs: ['Of the learned scalars.'] })),
    ]),
    exported('Result', undefined, [property('loss', 'number'), property('gradients', 'Gradients')]),
    exported('LossAlone', undefined, [property('loss', 'number')]),
    exported('RunOptions', undefined, [
      optional('gradients', 'boolean', 'False: the loss alone.'),
      ...(standalone ? [] : [optional('signal', 'AbortSignal', 'Ends the run, which then rejects.'), optional('onProgress', '(done: number, total: number) => void', 'Pairs walked, and in all; a pair counts once in each walk.')]),
    ]),
    exported('OpenOptions', undefined, [
      optional('device', "'cpu' | 'cuda'", "'cpu' unless said. Which of the targets runs is chosen on the device."),
      optional('gpu', 'number', "With `device: 'cuda'`: its place in the driver's list; 0 unless said."),
      optional('threads', 'number', "With `device: 'cpu'`: one for each core that the process may use, unless said."),
    ]),
    kernelInterface(standalone),
  ];
}

function kernelInterface(standalone: boolean): OptionalKind<InterfaceDeclarationStructure> {
  return {
    ...exported('Kernel', `A device, ready to compute. Several runs may be asked for at once${standalone ? ': those of a kernel follow each other' : ''}.`, [
      { name: 'target', type: 'string', isReadonly: true, docs: ['The target in use.'] },
    ]),
    methods: [
      {
        name: 'run',
        docs: ['Loss and gradients. Rejects with what is wrong in the inputs, or has failed.'],
        parameters: [{ name: 'inputs', type: 'Inputs' }, { name: 'options', type: 'RunOptions & { readonly gradients: false }' }],
        returnType: 'Promise<LossAlone>',
      },
      { name: 'run', parameters: [{ name: 'inputs', type: 'Inputs' }, { name: 'options', hasQuestionToken: true, type: 'RunOptions & { readonly gradients?: true }' }], returnType: 'Promise<Result>' },
      { name: 'run', parameters: [{ name: 'inputs', type: 'Inputs' }, { name: 'options', type: 'RunOptions' }], returnType: 'Promise<LossAlone | Result>' },
      { name: 'close', docs: ['Releases the device, after the runs that were asked for.'], returnType: 'void' },
    ],
  };
}

function inputsOf({ tensors, guides, rows, cols, indexMap, embeddings }: PackageInterface): readonly Property[] {
  const half = embeddings === 'Uint16Array';
  const note = half ? ': the bits of each number, or with `convert` as f32' : '';
  const type = half ? 'Uint16Array | Float32Array' : embeddings;
  const matrix = ({ name, what }: TensorArgument): Property => property(name, type, `${what.charAt(0).toUpperCase()}${what.slice(1)}, row-major${note}.`);
  return [
    ...tensors.map(matrix),
    ...(guides.length === 0 ? [] : [property('guide', objectOf(guides.map(({ name }) => [name, type])), `A second pair with as many rows: ${guides.map(({ what }) => what).join(', ')}.`)]),
    ...attributesOf('rows', 'row', rows),
    ...attributesOf('cols', 'column', cols),
    ...(half ? [optional('convert', 'boolean', 'Round embeddings that are given as f32, instead of refusing them.')] : []),
    ...(indexMap ? [property('positives', 'Int32Array', "The column of each row's positive, -1 where it has none.")] : []),
  ];
}

function attributesOf(side: 'rows' | 'cols', word: string, vectors: readonly VectorArgument[]): readonly Property[] {
  return vectors.length === 0 ? [] : [property(side, objectOf(vectors.map(({ name, type }) => [name, type])), `Attributes, a number for each ${word}.`)];
}

function objectOf(fields: readonly (readonly [name: string, type: string])[]): string {
  return `{ ${fields.map(([name, type]) => `readonly ${name}: ${type}`).join('; ')} }`;
}

function property(name: string, type: string, what?: string): Property {
  return { name, type, isReadonly: true, ...(what === undefined ? {} : { docs: [what] }) };
}

function optional(name: string, type: string, what: string): Property {
  return { ...property(name, type, what), hasQuestionToken: true };
}

function exported(name: string, what: string | undefined, properties: Property[]): OptionalKind<InterfaceDeclarationStructure> {
  return { name, isExported: true, properties, ...(what === undefined ? {} : { docs: [what] }) };
}
