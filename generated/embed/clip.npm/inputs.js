// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

import { types } from 'node:util';

/** What `run` is given, checked, in the order in which the addon takes it: see `addon/inputs.h`. */
export function takeInputs(inputs) {
  const needs = ['q', 'k', 'params'];
  const given = record('inputs', inputs, [...needs, 'convert'], needs);
  const convert = given.convert === true;
  const q = matrix('q', given.q, 512, convert);
  const k = matrix('k', given.k, 512, convert);
  const count = { q: q.length / 512, k: k.length / 512 };
  const params = record('params', given.params, ['logScale']);
  return {
    arrays: [q, k],
    params: [finite('params.logScale', params.logScale)],
    places: () => gradientPlaces(q.length, k.length),
  };
}

function gradientPlaces(q, k) {
  const gradients = { q: new Float32Array(q), k: new Float32Array(k) };
  return { memory: [gradients.q, gradients.k], gradients };
}

/** What `run` is given beside the inputs. */
export function wantsGradients(options) {
  const { gradients = true } = record('options', options, ['gradients'], []);
  if (typeof gradients !== 'boolean') throw new TypeError(`gradients is ${shown(gradients)}: true or false is needed`);
  return gradients;
}

/** What `open` is given: whether a GPU is meant, and its number, or how many threads. */
export function deviceOf(options) {
  const { device = 'cpu', gpu, threads } = record('options', options, ['device', 'gpu', 'threads'], []);
  if (device !== 'cpu' && device !== 'cuda') throw new TypeError(`device is ${shown(device)}: 'cpu' or 'cuda' is needed`);
  if (device === 'cpu' && gpu !== undefined) throw new TypeError("gpu was given: it goes with device: 'cuda'");
  if (device === 'cuda' && threads !== undefined) throw new TypeError("threads was given: it goes with device: 'cpu'");
  return device === 'cuda' ? [true, whole('gpu', gpu ?? 0, 0, 65535)] : [false, threads === undefined ? 0 : whole('threads', threads, 1, 4096)];
}

/** Embeddings one behind the other; with `convert` as f32, which the addon rounds. */
function matrix(name, value, depth, convert) {
  if (!(convert && types.isFloat32Array(value))) typed(name, value, 'Uint16Array');
  if (value.length > 0 && value.length % depth === 0) return value;
  throw new RangeError(`${name} has ${value.length} numbers: embeddings of ${depth} are needed, one at least`);
}

function typed(name, value, type) {
  if (types[`is${type}`](value)) return;
  throw new TypeError(`${name} is ${shown(value)}: ${needed[type]} is needed`);
}

const needed = { Uint16Array: 'a Uint16Array with the bits of bf16, or with convert: true a Float32Array,' };

function finite(name, value) {
  if (Number.isFinite(value)) return value;
  throw new TypeError(`${name} is ${shown(value)}: a finite number is needed`);
}

function whole(name, value, least, most) {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name} is ${shown(value)}: a whole number from ${least} to ${most} is needed`);
}

/** An object of these fields, all of which are needed unless said. */
function record(name, value, known, required = known) {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${name} is ${shown(value)}: an object with ${known.join(', ')} is needed`);
  const missing = required.find((field) => value[field] === undefined);
  if (missing !== undefined) throw new TypeError(`${name} has no ${missing}: it needs ${required.join(', ')}`);
  const unknown = Object.keys(value).find((field) => !known.includes(field));
  if (unknown !== undefined) throw new TypeError(`${name} has ${unknown}, which is not taken: it takes ${known.join(', ')}`);
  return value;
}

function shown(value) {
  if (typeof value === 'string') return `'${value}'`;
  return typeof value === 'object' && value !== null ? `of type ${value.constructor?.name ?? 'Object'}` : String(value);
}
