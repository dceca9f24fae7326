import { buffersOf } from '../../codegen/plan/bind.js';
import type { RingWalk, RingWalks, Step } from '../../codegen/plan/plan.js';
import { layOut } from '../../codegen/ring/layout.js';
import type { Pass, Ring } from '../../codegen/ring/schedule.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import type { DeviceBuffers } from '../device-buffers.js';
import type { Device } from '../device/device.js';
import { execute, givenValues, type Ending, type Environment } from '../execute.js';
import type { LoadedProgram } from '../loaded-program.js';
import type { PositiveRelation } from '../positives.js';
import { checkRows, isInRange, Readings } from '../readings.js';
import type { StepWalks, WalkRequest, Walked } from '../walks.js';
import { countOf, segmentsOf, type RankShape } from './rank-shape.js';
import { RingBuffers } from './ring-buffers.js';
import { sentBytes, type RingGroup } from './ring-group.js';
import { runPass } from './ring-pass.js';
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

  constructor(device: Device, loss: PairwiseLoss, buffers: DeviceBuffers, group: RingGroup, shape: RankShape, relation: PositiveRelation) {
    this.#device = device;
    this.#loss = loss;
    this.#buffers = buffers;
    this.#group = group;
    this.#shape = shape;
    this.#sums = new RingSums(loss, buffers, group.communicator, shape, relation);
    this.#slots = new RingBuffers(device, buffers, shape);
    const counts = (side: 'row' | 'col') => shape.tensors.map((_, rank) => countOf(segmentsOf(loss, shape, side, rank)));
    this.#ring = layOut({ ranks: shape.tensors.length, nodes: group.nodes, inFlight: group.inFlight, rows: counts('row'), cols: counts('col') });
  }

  async run(request: WalkRequest, write: (fresh: readonly string[]) => Promise<void>): Promise<Walked | undefined> {
    const { loaded, forward, backward } = request;
    const walks = walksOfRing(loaded);
    await write(this.#allocate(loaded, walks, request));
    const readings = new Readings(this.#loss, this.#buffers);
    const ending = { command: readings.read, outputs: readings.outputs };
    const sent = sentBytes(this.#group);
    let forwardMilliseconds = 0;
    if (forward) {
      if (walks.positives !== undefined) {
        forwardMilliseconds += await this.#pass(request, walks.positives, 'forward');
        await this.#sums.tellColumns(walks.forward.keys);
      }
      forwardMilliseconds += await this.#pass(request, walks.forward, 'forward');
      await this.#sums.addTallies();
      forwardMilliseconds += await this.#terms(request, walks.terms, ending);
      const found = await this.#sums.foundByAll(readings.found);
      if (!isInRange(found) || !checkRows(this.#loss, found)) return undefined;
    }
    const forwardBytes = sentBytes(this.#group) - sent;
    const backwardMilliseconds = backward ? await this.#pass(request, walks.backward, 'backward', ending) : 0;
    const traffic = { forward: forwardBytes, backward: sentBytes(this.#group) - sent - forwardBytes };
    return { ...(await this.#sums.totals(readings)), forwardMilliseconds, backwardMilliseconds, traffic };
  }

  release(): void {
    this.#slots.close();
  }

  #pass(request: WalkRequest, walk: RingWalk, pass: Pass, ending?: Ending): Promise<number> {
    const { loaded, control } = request;
    const { bound, tiles = new Map() } = loaded;
    const [group, ring, slots, environment] = [this.#group, this.#ring, this.#slots, this.#environment(request)];
    const rows = segmentsOf(this.#loss, this.#shape, 'row', group.communicator.rank);
    const colsOf = (rank: number) => segmentsOf(this.#loss, this.#shape, 'col', rank);
    return runPass({ group, ring, pass, walk, bound, tiles, rows, colsOf, environment, slots, control }, ending);
  }

  async #terms(request: WalkRequest, terms: readonly Step[], ending: Ending): Promise<number> {
    const { milliseconds } = await execute(request.loaded.bound, terms, this.#environment(request), request.control, ending);
    return milliseconds;
  }

  #environment({ loaded, scalars, uniforms }: WalkRequest): Environment {
    return { device: this.#device, buffers: this.#buffers.all, modules: loaded.modules, values: givenValues(scalars, uniforms) };
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
