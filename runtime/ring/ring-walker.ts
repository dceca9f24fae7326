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
import type { StepWalks, WalkRequest, Walked } from '../walks.js';
import { PassRunner } from './pass-runner.js';
import { countOf, segmentsOf, type RankShape } from './rank-shape.js';
import { RingBuffers } from './ring-buffers.js';
import { sentBytes, type RingGroup } from './ring-group.js';
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

  constructor(device: Device, loss: PairwiseLoss, buffers: DeviceBuffers, group: RingGroup, shape: RankShape, relation: PositiveRelation) {
    this.#device = device;
    this.#loss = loss;
    this.#buffers = buffers;
    this.#group = group;
    this.#shape = shape;
    this.#sums = new RingSums(loss, buffers, group.communicator, shape, relation);
    this.#slots = new RingBuffers(device, buffers, shape);
    this.#runner = new PassRunner(device);
    const counts = (side: 'row' | 'col') => shape.tensors.map((_, rank) => countOf(segmentsOf(loss, shape, side, rank)));
    this.#ring = layOut({ ranks: shape.tensors.length, nodes: group.nodes, inFlight: group.inFlight, rows: counts('row'), cols: counts('col') });
  }

  async run(request: WalkRequest, write: (fresh: readonly string[]) => Promise<void>): Promise<Walked | undefined> {
    try {
      return await this.#run(request, write);
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
  }

  async #run(request: WalkRequest, write: (fresh: readonly string[]) => Promise<void>): Promise<Walked | undefined> {
    const { loaded, forward, backward } = request;
    const walks = walksOfRing(loaded);
    const readings = await this.#orLost(async () => {
      await write(this.#allocate(loaded, walks, request));
      return (this.#readings ??= new Readings(this.#loss, this.#buffers));
    });
    const ending = { command: readings.read, outputs: readings.outputs };
    const before = sentBytes(this.#group);
    let forwardMilliseconds = 0;
    if (forward) {
      forwardMilliseconds = await this.#orLost(() => this.#forward(request, walks, ending));
      const found = await this.#sums.foundByAll(readings.found);
      if (!isInRange(found) || !checkRows(this.#loss, found)) return undefined;
    }
    const between = sentBytes(this.#group);
    const backwardMilliseconds = backward ? await this.#orLost(() => this.#pass(request, walks.backward, 'backward', [], ending)) : 0;
    const traffic = { forward: between - before, backward: sentBytes(this.#group) - between };
    return { ...(await this.#sums.totals(readings)), forwardMilliseconds, backwardMilliseconds, traffic };
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
      milliseconds += await this.#pass(request, positives, 'forward', []);
      await this.#sums.tellColumns(forward.keys);
    }
    if (forward.end.length === 0) return milliseconds + (await this.#pass(request, forward, 'forward', terms, ending));
    milliseconds += await this.#pass(request, forward, 'forward', []);
    await this.#sums.addTallies();
    const walked = await execute(request.loaded.bound, terms, this.#environment(request, givenValues(request.scalars, request.uniforms)), request.control, ending);
    return milliseconds + walked.milliseconds;
  }

  #pass(request: WalkRequest, walk: RingWalk, pass: Pass, after: readonly Step[], ending?: Ending): Promise<number> {
    const { bound, tiles = new Map() } = request.loaded;
    const [group, ring, slots] = [this.#group, this.#ring, this.#slots];
    const rows = segmentsOf(this.#loss, this.#shape, 'row', group.communicator.rank);
    const colsOf = (rank: number) => segmentsOf(this.#loss, this.#shape, 'col', rank);
    const makePass = (values: Values) => ({ group, ring, pass, walk, after, bound, tiles, rows, colsOf, environment: this.#environment(request, values), slots });
    return this.#runner.run(walk, makePass, { ...request, ...(ending === undefined ? {} : { ending }) });
  }

  #environment({ loaded }: WalkRequest, values: Values): Environment {
    return { device: this.#device, buffers: this.#buffers.all, modules: loaded.modules, values };
  }

  /** The rank's own buffers; room for the shards of others is made where they come by. */
  #allocate({ program, bound, tiles = new Map() }: LoadedProgram, { positives, forward, terms, backward }: RingWalks, asked: Pick<WalkRequest, 'forward' | 'backward'>): readonly string[] {
    this.#slots.largest = [...tiles.values()].reduce((most, tile) => (tile.shape.m > most.shape.m ? tile : most), bound);
    const ofWalk = ({ begin, clear, tile, end }: RingWalk): readonly Step[] => [...begin, ...clear, ...tile, ...end];
    const steps = [...(positives === undefined ? [] : ofWalk(positives)), ...(asked.forward ? [...ofWalk(forward), ...terms] : []), ...(asked.backward ? ofWalk(backward) : [])];
    const names = [...buffersOf(steps)].filter((name) => !this.#slots.isPart(name));
    return this.#buffers.allocate(program, bound, new Set(names));
  }
}

function walksOfRing({ program }: LoadedProgram): RingWalks {
  const { ring } = program.plan;
  if (ring === undefined) throw new Error('the program is one rank\'s, and ranks share the matrix');
  return ring;
}
