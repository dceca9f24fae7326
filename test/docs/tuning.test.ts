import { readFileSync } from 'node:fs';
import test from 'ava';
import { readTuneResult } from './tune-result.js';
import { drawTuning, tunedFile, tuningPicture } from './tuning-picture.js';

test('the picture of a report is what its result draws', async (t) => {
  t.is(await drawTuning(readTuneResult(tunedFile)), readFileSync(tuningPicture, 'utf8'), 'npm run docs:tuning writes it');
});
