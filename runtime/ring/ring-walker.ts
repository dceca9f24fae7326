import { buffersOf } from '../../codegen/plan/bind.js';
import type { RingWalk, RingWalks, Step } from '../../codegen/plan/plan.js';
import { layOut } from '../../codegen/ring/layout.js';
import type { Pass, Ring } from '../../codegen/ring/schedule.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import type { DeviceBuffers } from '../device-buffers.js';
import type { Device } from '../device/device.js';
import { execute, givenValues, type Ending, type Environment, type Values } from '../execute.js';
import type { LoadedProgram } from '../loaded-program.js';
import type { PositiveRelation } from '../positives.js';
import { checkRows, isInRange, Readings } from '../readings.js';
import type { StepWalks, Traffic, WalkRequest, Walked } from '../walks.js';
import type { ShownRank } from '../transport/communicator.js';
import { PassRunner, type PassName } from './pass-runner.js';
import { countOf, segmentsOf, type RankShape } from './rank-shape.js';
import { RingBuffers } from './ring-buffers.js';
import { sentBytes, type RingGroup } from './ring-group.js';
import { partsOfPass, type PassPart, type RingPass } from './ring-pass.js';
import { RingSums } from './ring-sums.js';

/** Runs a rank's part of a step's walks; the loss and the parameters' gradients that it returns are those of all ranks. */
export class RingWalker implements StepWalks {
  readonly #device: Device;
  readonly #loss: PairwiseLoss;
  readonly #buffers: DeviceBuffers;
  readonly #group: RingGroup;
  readonly #shape: RankShape;
  readonly #sums: RingSums;
  readonly #ring: Ring;
  readonly #slots: RingBuffers;
  readonly #runner: PassRunner;
  #readings: Readings | undefined;
  /** The last step, if its buffers are still there. */
  #allocated: WalkRequest | undefined;
  /** What was sent in a step whose walks, of all ranks, were over soon: it is the same each time. */
  #short: Traffic | undefined;

  constructor(device: Device, loss: PairwiseLoss, buffers: DeviceBuffers, group: RingGroup, shape: RankShape, relation: PositiveRelation) {
    this.#device = device;
    this.#loss = loss;
    this.#buffers = buffers;
    this.#group = group;
    this.#shape = shape;
    this.#sums = new RingSums(loss, buffers, group.communicator, shape, relation);
    this.#slots = new RingBuffers(device, buffers, shape, group.nodes);
    this.#runner = new PassRunner(device);
    const counts = (side: 'row' | 'col') => shape.tensors.map((_, rank) => countOf(segmentsOf(loss, shape, side, rank)));
    this.#ring = layOut({ ranks: shape.tensors.length, nodes: group.nodes, inFlight: group.inFlight, rows: counts('row'), cols: counts('col') });
  }

  async run(request: WalkRequest, write: (fresh: readonly string[]) => Promise<void>): Promise<Walked | undefined> {
    try {
      return await this.#walk(request, write);
    } catch (error) {
      // Whatever an abort makes fail, such as a message from another rank that it has ended, the abort is why.
      request.control.signal?.throwIfAborted();
      throw error;
    }
  }

  release(): void {
    this.#runner.release();
    this.#slots.close();
    this.#readings = undefined;
    this.#short = undefined;
    this.#allocated = undefined;
  }

  async #walk(request: WalkRequest, write: (fresh: readonly string[]) => Promise<void>): Promise<Walked | undefined> {
    const walks = walksOfRing(request.loaded);
    const readings = await this.#orLost(async () => {
      if (!this.#isAllocated(request)) {
        await write(this.#allocate(request.loaded, walks, request));
        this.#slots.neighbours = await neighboursOf(this.#group, this.#slots);
      }
      this.#allocated = request;
      return (this.#readings ??= new Readings(this.#loss, this.#buffers));
    });
    const { forward, backward, control } = request;
    const known = this.#short;
    return known !== undefined && forward && backward && control.onCommand === undefined ? this.#asOne(request, walks, readings, known) : this.#inTurn(request, walks, readings);
  }

  /** Where both walks are over soon, nothing waits between them: the backward walk of an attempt that leaves fp32's range is lost. */
  async #asOne(request: WalkRequest, walks: RingWalks, readings: Readings, traffic: Traffic): Promise<Walked | undefined> {
    const [forward, backward] = [this.#pass(request, walks.forward, 'forward', walks.terms), this.#pass(request, walks.backward, 'backward', [])];
    const clock: PassPart = { kind: 'command', command: readings.clock('forward'), pairs: 0 };
    const parts = function* (values: Values): Generator<PassPart> {
      yield* partsOfPass(forward(values));
      yield clock;
      yield* partsOfPass(backward(values));
    };
    const milliseconds = await this.#orLost(() => this.#runner.run('both', parts, { ...request, ending: endingOf(readings) }));
    const { found, loss, params } = await this.#sums.read(readings, true);
    if (!isInRange(found) || !checkRows(this.#loss, found)) return undefined;
    const forwardMilliseconds = readings.milliseconds.forward;
    return { loss, params, forwardMilliseconds, backwardMilliseconds: milliseconds - forwardMilliseconds, traffic };
  }

  async #inTurn(request: WalkRequest, walks: RingWalks, readings: Readings): Promise<Walked | undefined> {
    const { forward, backward } = request;
    const before = sentBytes(this.#group);
    const forwardMilliseconds = forward ? await this.#orLost(() => this.#forward(request, walks, endingOf(readings))) : 0;
    const between = sentBytes(this.#group);
    if (forward) {
      const { found, loss, params } = await this.#sums.read(readings, false);
      if (!isInRange(found) || !checkRows(this.#loss, found)) return undefined;
      if (!backward) return { loss, params, forwardMilliseconds, backwardMilliseconds: 0, traffic: { forward: between - before, backward: 0 } };
    }
    const backwardMilliseconds = await this.#orLost(() => this.#run(request, 'backward', this.#pass(request, walks.backward, 'backward', []), endingOf(readings)));
    const traffic = { forward: between - before, backward: sentBytes(this.#group) - between };
    // One rank's haste is another's wait: they go as one where all of them would.
    const wouldGo = forward && walks.positives === undefined && walks.forward.end.length === 0 && this.#runner.isShort('forward') && this.#runner.isShort('backward');
    const { loss, params, short } = await this.#sums.read(readings, wouldGo);
    if (short) this.#short = traffic;
    return { loss, params, forwardMilliseconds, backwardMilliseconds, traffic };
  }

  /** Tells the other ranks of an error of this one, which they would wait for. */
  async #orLost<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#group.communicator.abort(error);
      throw error;
    }
  }

  async #forward(request: WalkRequest, { positives, forward, terms }: RingWalks, ending: Ending): Promise<number> {
    let milliseconds = 0;
    if (positives !== undefined) {
      milliseconds += await this.#run(request, 'positives', this.#pass(request, positives, 'forward', []));
      await this.#sums.tellColumns(forward.keys);
    }
    if (forward.end.length === 0) return milliseconds + (await this.#run(request, 'forward', this.#pass(request, forward, 'forward', terms), ending));
    milliseconds += await this.#run(request, 'forward', this.#pass(request, forward, 'forward', []));
    await this.#sums.addTallies();
    const walked = await execute(request.loaded.bound, terms, this.#environment(request, givenValues(request.scalars, request.uniforms)), request.control, ending);
    return milliseconds + walked.milliseconds;
  }

  #run(request: WalkRequest, name: PassName, makePass: (values: Values) => RingPass, ending?: Ending): Promise<number> {
    return this.#runner.run(name, (values) => partsOfPass(makePass(values)), { ...request, ...(ending === undefined ? {} : { ending }) });
  }

  #pass(request: WalkRequest, walk: RingWalk, pass: Pass, after: readonly Step[]): (values: Values) => RingPass {
    const { bound, tiles = new Map() } = request.loaded;
    const [group, ring, slots] = [this.#group, this.#ring, this.#slots];
    const rows = segmentsOf(this.#loss, this.#shape, 'row', group.communicator.rank);
    const colsOf = (rank: number) => segmentsOf(this.#loss, this.#shape, 'col', rank);
    return (values) => ({ group, ring, pass, walk, after, bound, tiles, rows, colsOf, environment: this.#environment(request, values), slots });
  }

  #environment({ loaded }: WalkRequest, values: Values): Environment {
    return { device: this.#device, buffers: this.#buffers.all, modules: loaded.modules, values };
  }

  #isAllocated({ loaded, forward, backward }: WalkRequest): boolean {
    const last = this.#allocated;
    return last !== undefined && last.loaded === loaded && last.forward === forward && last.backward === backward;
  }

  /** The rank's own buffers; room for the shards of others is made where they come by. */
  #allocate({ program, bound, tiles = new Map() }: LoadedProgram, { positives, forward, terms, backward }: RingWalks, asked: Pick<WalkRequest, 'forward' | 'backward'>): readonly string[] {
    this.#slots.largest = [...tiles.values()].reduce((most, tile) => (tile.shape.m > most.shape.m ? tile : most), bound);
    const ofWalk = ({ begin, clear, ofPositives, tile, end }: RingWalk): readonly Step[] => [...begin, ...clear, ...ofPositives, ...tile, ...end];
    const steps = [...(positives === undefined ? [] : ofWalk(positives)), ...(asked.forward ? [...ofWalk(forward), ...terms] : []), ...(asked.backward ? ofWalk(backward) : [])];
    const names = [...buffersOf(steps)].filter((name) => !this.#slots.isPart(name));
    return this.#buffers.allocate(program, bound, new Set(names));
  }
}

/** All ranks, where their devices have one memory: nothing then need be copied between them. */
async function neighboursOf({ communicator }: RingGroup, own: RingBuffers): Promise<readonly ShownRank[]> {
  const all = await communicator.show(own);
  return all.every(({ device }) => own.device.reaches(device)) ? all : [];
}

function endingOf({ read, outputs }: Readings): Ending {
  return { command: read, outputs };
}

function walksOfRing({ program }: LoadedProgram): RingWalks {
  const { ring } = program.plan;
  if (ring === undefined) throw new Error('the program is one rank\'s, and ranks share the matrix');
  return ring;
}
