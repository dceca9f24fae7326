import { TunedStore } from '../../../runtime/tune/store/tuned-store.js';
import { facts, recordOf } from './records.js';

/** A process that keeps so many measurements and, after each, a winner. */
const [directory = '', own = '', count = ''] = process.argv.slice(2);
const store = new TunedStore(directory, facts);
const file = await store.begin({ n: 4096, m: 4096 });
for (let i = 0; i < Number(count); i += 1) {
  await file.append({ kind: 'round', usual: 1 + Number(own) * 1000 + i, times: {} });
  await store.keepWinner(recordOf(4096));
}
await file.close();
process.disconnect();
