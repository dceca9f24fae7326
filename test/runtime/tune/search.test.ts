import test from 'ava';
import fc from 'fast-check';
import { Knowledge } from '../../../runtime/tune/knowledge.js';
import type { Measurement } from '../../../runtime/tune/measurement.js';
import { choosePool } from '../../../runtime/tune/pool.js';
import { Search, type Ask, type Course } from '../../../runtime/tune/search.js';

/** A machine on which candidates take times that are known. */
interface World {
  readonly course: Course;
  /** Milliseconds; those of the usual are 100. */
  readonly times: ReadonlyMap<string, number>;
  readonly broken: ReadonlySet<string>;
  readonly wrong: ReadonlySet<string>;
  /** A factor of the n-th timing. */
  readonly noise: (n: number) => number;
}

const usual = 'usual';
const quiet = () => 1;

/** Candidates in a row: each is next to the one before and the one behind. */
const worlds = fc
  .array(fc.record({ ms: fc.integer({ min: 20, max: 300 }), broken: fc.boolean(), wrong: fc.boolean(), pooled: fc.boolean() }), { maxLength: 24 })
  .map((drawn): World => {
    const named = drawn.map((candidate, i) => ({ ...candidate, id: `c${i}` }));
    const ids = named.map(({ id }) => id);
    const near = (id: string): readonly string[] => (id === usual ? ids.slice(0, 1) : [ids[ids.indexOf(id) - 1], ids[ids.indexOf(id) + 1]].filter((next) => next !== undefined));
    return {
      course: { usual, pool: named.filter(({ pooled }) => pooled).map(({ id }) => id), neighbours: near, has: (id) => ids.includes(id) },
      times: new Map([[usual, 100], ...named.map(({ id, ms }) => [id, ms] as const)]),
      broken: new Set(named.filter(({ broken, ms }) => broken && ms % 3 === 0).map(({ id }) => id)),
      wrong: new Set(named.filter(({ wrong, ms }) => wrong && ms % 2 === 0).map(({ id }) => id)),
      noise: quiet,
    };
  });

/** What a machine answers: a broken candidate fails when it is timed. */
function answer({ times, broken, wrong, noise }: World, ask: Ask, counter: { count: number }): readonly Measurement[] {
  if (ask.kind === 'check') return [{ kind: 'check', id: ask.id, error: wrong.has(ask.id) ? 12 : 0.25, worst: 'dQ' }];
  const time = (id: string): number => (times.get(id) ?? NaN) * noise((counter.count += 1));
  const failures = ask.ids.filter((id) => broken.has(id)).map((id): Measurement => ({ kind: 'failure', id, stage: 'run', reason: 'it fell' }));
  const usualTime = time(usual);
  return [...failures, { kind: 'round', usual: usualTime, times: Object.fromEntries(ask.ids.filter((id) => !broken.has(id)).map((id) => [id, time(id)])) }];
}

/** Searches to the end, or for so many asks and then to what closes it; gives what was measured. */
function searchThrough(world: World, known: Knowledge, asks = Infinity): { readonly best: string; readonly log: readonly Measurement[]; readonly asked: readonly Ask[] } {
  const search = new Search(world.course, known);
  const [log, asked]: [Measurement[], Ask[]] = [[], []];
  const counter = { count: 0 };
  const follow = (next: () => Ask | undefined, most: number): void => {
    for (let ask = next(); ask !== undefined && asked.length < most; ask = next()) {
      asked.push(ask);
      for (const measurement of answer(world, ask, counter)) {
        log.push(measurement);
        known.add(measurement);
      }
      if (asked.length > 2000) throw new Error('the search has no end');
    }
  };
  follow(() => search.next(), asks);
  if (Number.isFinite(asks)) follow(() => search.closing(), Infinity);
  return { best: search.best(), log, asked };
}

test('the winner is the fastest of what was meant to be timed, of those that neither fail nor are wrong', (t) => {
  fc.assert(
    fc.property(worlds, (world) => {
      const { best } = searchThrough(world, new Knowledge());
      const time = (id: string): number => world.times.get(id) ?? NaN;
      const right = world.course.pool.filter((id) => !world.broken.has(id) && !world.wrong.has(id));
      return !world.broken.has(best) && !world.wrong.has(best) && time(best) <= Math.min(time(usual), ...right.map(time));
    }),
  );
  t.pass();
});

test('no neighbour of the winner is faster', (t) => {
  fc.assert(
    fc.property(worlds, (world) => {
      const { best } = searchThrough(world, new Knowledge());
      const time = (id: string): number => world.times.get(id) ?? NaN;
      return world.course.neighbours(best).every((id) => world.broken.has(id) || world.wrong.has(id) || time(id) >= time(best));
    }),
  );
  t.pass();
});

test('with noise, and however early it has to end, the winner is not slower than the usual tiling by more than noise', (t) => {
  fc.assert(
    fc.property(worlds, fc.integer({ min: 0, max: 40 }), fc.infiniteStream(fc.double({ min: 0.96, max: 1.04, noNaN: true })), (world, asks, stream) => {
      const { best } = searchThrough({ ...world, noise: () => nextOf(stream) }, new Knowledge(), asks);
      return (world.times.get(best) ?? NaN) <= 100 * (1.04 / 0.96);
    }),
  );
  t.pass();
});

test('times that differ by nothing but noise do not depose the usual tiling of a noiseless clock', (t) => {
  const course: Course = { usual, pool: ['a', 'b'], neighbours: () => [], has: () => true };
  const world = { course, times: new Map([[usual, 100], ['a', 100], ['b', 100]]), broken: new Set<string>(), wrong: new Set<string>(), noise: quiet };
  t.is(searchThrough(world, new Knowledge()).best, usual);
});

test('the same measurements have the same winner, in whatever order they are read', (t) => {
  const stream = fc.infiniteStream(fc.double({ min: 0.9, max: 1.1, noNaN: true }));
  fc.assert(
    fc.property(worlds, stream, fc.integer(), (world, noise, seed) => {
      const { best, log } = searchThrough({ ...world, noise: () => nextOf(noise) }, new Knowledge());
      const replayed = new Search(world.course, new Knowledge(log));
      const shuffled = [...log].sort((a, b) => order(a, seed) - order(b, seed));
      return replayed.next() === undefined && replayed.best() === best && new Search(world.course, new Knowledge(shuffled)).best() === best;
    }),
  );
  t.pass();
});

function order(measurement: Measurement, seed: number): number {
  return JSON.stringify(measurement).split('').reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) | 0, seed);
}

function nextOf(stream: fc.Stream<number>): number {
  const [value = 1] = [...stream.take(1)];
  return value;
}

test('a search that was interrupted goes on from what it has measured, and ends where it would have', (t) => {
  fc.assert(
    fc.property(worlds, fc.nat({ max: 60 }), (world, kept) => {
      const whole = searchThrough(world, new Knowledge());
      const resumed = searchThrough(world, new Knowledge(whole.log.slice(0, kept)));
      return resumed.best === whole.best && resumed.log.length <= whole.log.length - Math.min(kept, whole.log.length);
    }),
  );
  t.pass();
});

test('what falls on its first round is not asked for again, and the first round is the usual tiling alone', (t) => {
  const course: Course = { usual, pool: ['a', 'b'], neighbours: () => [], has: () => true };
  const world = { course, times: new Map([[usual, 100], ['a', 50], ['b', 60]]), broken: new Set(['a']), wrong: new Set<string>(), noise: quiet };
  const { asked, best } = searchThrough(world, new Knowledge());
  t.deepEqual(asked[0], { kind: 'round', ids: [] });
  t.is(asked.filter((ask) => ask.kind === 'round' && ask.ids.includes('a')).length, 1);
  t.is(best, 'b');
});

test('a candidate that is wrong is told with its error', (t) => {
  const known = new Knowledge([
    { kind: 'check', id: 'a', error: 12, worst: 'dQ' },
    { kind: 'check', id: 'b', error: null, worst: 'loss' },
    { kind: 'check', id: 'c', error: 0.5, worst: 'loss' },
  ]);
  t.deepEqual(known.failures.map(({ id, stage, reason }) => [id, stage, reason]), [['a', 'check', 'dQ is off by 12.0 times what is allowed'], ['b', 'check', 'loss is not a number']]);
  t.is(known.error('c'), 0.5);
});

test('candidates that a search does not know, of another process, do not win', (t) => {
  const rounds = Array.from({ length: 7 }, (): Measurement => ({ kind: 'round', usual: 100, times: { foreign: 10 } }));
  const course: Course = { usual, pool: [], neighbours: () => [], has: () => false };
  t.is(new Search(course, new Knowledge([...rounds, { kind: 'check', id: 'foreign', error: 0, worst: 'loss' }])).best(), usual);
});

test('a quick pool has what the model puts first, and one of each part of the rest, by the seed', (t) => {
  fc.assert(
    fc.property(fc.nat({ max: 300 }), fc.nat({ max: 20 }), fc.nat({ max: 20 }), fc.nat(), (count, first, spread, seed) => {
      const ordered = Array.from({ length: count }, (_, i) => `c${i}`);
      const pool = choosePool(ordered, 'quick', { first, spread }, seed);
      const unique = new Set(pool).size === pool.length;
      const inOrder = pool.every((id, i) => i === 0 || ordered.indexOf(id) > ordered.indexOf(pool[i - 1] ?? ''));
      const again = choosePool(ordered, 'quick', { first, spread }, seed);
      return unique && inOrder && pool.length === Math.min(count, first) + Math.min(spread, Math.max(0, count - first)) && pool.every((id, i) => id === again[i]);
    }),
  );
  t.deepEqual(choosePool(['a', 'b', 'c'], 'full', { first: 1, spread: 0 }, 0), ['a', 'b', 'c']);
  t.notDeepEqual(choosePool(Array.from({ length: 200 }, (_, i) => String(i)), 'quick', { first: 2, spread: 8 }, 1), choosePool(Array.from({ length: 200 }, (_, i) => String(i)), 'quick', { first: 2, spread: 8 }, 2));
});

test('a moment that disturbs the usual tiling makes no round look fast', (t) => {
  const round = (usual: number, times: Readonly<Record<string, number>>): Measurement => ({ kind: 'round', usual, times });
  const known = new Knowledge([...[100, 101, 99, 102, 100].map((usual) => round(usual, { steady: 98 })), round(300, { lucky: 110 })]);
  t.true((known.ratio('lucky')?.median ?? 0) > 1);
  t.true((known.ratio('steady')?.median ?? 2) < 1);
});
