// safetensors: the same bytes as the reference implementation, and every malformed header refused.
import assert from 'node:assert/strict';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArgumentError, DTypeError, FormatError, io, type Tensor, tensor } from 'anneal';
import fc from 'fast-check';
import { expectNoLeaks, release } from './live-tensors';

const fixture = (name: string) => join(__dirname, 'fixtures', name);

// What make_safetensors.py wrote.
function referenceTensors(): Record<string, Tensor> {
  return {
    weight: tensor(Float32Array.of(-0.5, -0.25, 0, 0.25, 0.5, 0.75), { shape: [2, 3] }),
    double: tensor(Float64Array.of(1 / 3, -2.5e300, Infinity)),
    small: tensor(Int32Array.of(-(2 ** 31), 2 ** 31 - 1), { shape: [2, 1] }),
    large: tensor(BigInt64Array.of(2n ** 62n + 1n, -(2n ** 53n) - 1n)),
    bytes: tensor(Uint8Array.of(0, 7, 255)),
    flags: tensor(Uint8Array.of(1, 0, 1), { dtype: 'bool' }),
    scalar: tensor(Float32Array.of(42), { shape: [] }),
    empty: tensor(new Float32Array(0), { shape: [0, 5] }),
    '10': tensor(Float32Array.of(10)),
    '9': tensor(Float32Array.of(9)),
    '🔥 größe "日本"\n': tensor(Float32Array.of(1.5)),
    '\uffee': tensor(Float32Array.of(2.5)),
  };
}

// A file from a header given as JSON or as an object, and some bytes of data.
function fileOf(header: unknown, dataBytes = 0): Uint8Array {
  const json = typeof header === 'string' ? header : JSON.stringify(header);
  const bytes = Buffer.alloc(8 + Buffer.byteLength(json) + dataBytes);
  bytes.writeBigUInt64LE(BigInt(Buffer.byteLength(json)));
  bytes.write(json, 8);
  return bytes;
}

function entry(begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32') {
  return { dtype, shape, data_offsets: [begin, end] };
}

async function assertEqualTensors(actual: Record<string, Tensor>, expected: Record<string, Tensor>): Promise<void> {
  assert.deepEqual(Object.keys(actual).sort(), Object.keys(expected).sort());
  for (const [name, value] of Object.entries(expected)) {
    assert.equal(actual[name].dtype, value.dtype, name);
    assert.deepEqual(actual[name].shape, value.shape, name);
    assert.deepEqual(await actual[name].data(), await value.data(), name);
  }
}

describe('io: safetensors', () => {
  expectNoLeaks();

  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'anneal-io-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('reads a file of the reference implementation', async () => {
    const expected = referenceTensors();
    const actual = await io.load(fixture('reference.safetensors'));
    await assertEqualTensors(actual, expected);
    release(actual, expected);
  });

  it('writes the same bytes as the reference implementation', async () => {
    const tensors = referenceTensors();
    const expected = await readFile(fixture('reference.safetensors'));
    const path = join(folder, 'same.safetensors');
    await io.save(path, tensors, { format: 'pt' });
    assert.ok(expected.equals(await readFile(path)), 'save');
    const shuffled = new Map(Object.entries(tensors).reverse());
    assert.ok(expected.equals(await io.serialize(shuffled, { format: 'pt' })), 'serialize');
    release(tensors);
  });

  it('reads the header alone', async () => {
    const { metadata, tensors } = await io.loadMetadata(fixture('reference.safetensors'));
    assert.deepEqual(metadata, { format: 'pt' });
    assert.deepEqual(tensors.weight, { dtype: 'F32', shape: [2, 3], bytes: 24 });
    assert.deepEqual(tensors.scalar, { dtype: 'F32', shape: [], bytes: 4 });
    assert.equal(Object.keys(tensors).length, 12);
  });

  it('loads chosen tensors, and says which dtype it lacks', async () => {
    const half = fixture('half.safetensors');
    await assert.rejects(io.load(half), (error: Error) => {
      assert.ok(error instanceof DTypeError);
      assert.match(error.message, /\[load\] .*half\.safetensors: tensor "brain" is BF16, which is not supported/);
      return true;
    });
    const chosen = await io.load(half, { keys: ['single'] });
    assert.deepEqual(await chosen.single.array(), [1, -2]);
    assert.deepEqual(Object.keys(chosen), ['single']);
    assert.deepEqual(await io.load(half, { keys: [] }), {});
    await assert.rejects(io.load(half, { keys: ['single', 'bias'] }), (error: Error) => {
      assert.ok(error instanceof ArgumentError);
      assert.equal(error.message, `[load] ${half} holds no tensor named "bias"`);
      return true;
    });
    assert.equal((await io.loadMetadata(half)).tensors.half.dtype, 'F16');
    release(chosen);
  });

  it('holds awkward names and no tensors at all', async () => {
    const awkward = new Map(['__proto__', 'constructor', '', ' ', '\u0000'].map((name) => [name, tensor([1, 2])]));
    const loaded = await io.deserialize(await io.serialize(awkward));
    assert.deepEqual(new Set(Object.keys(loaded)), new Set(awkward.keys()));
    assert.equal(Object.getPrototypeOf(loaded), Object.prototype);
    release(loaded, Object.fromEntries(awkward));
    assert.deepEqual(Buffer.from(await io.serialize({})).toString('latin1'), '\b\0\0\0\0\0\0\0{}      ');
    assert.deepEqual(await io.deserialize(await io.serialize({})), {});
  });

  it('refuses names and metadata that the format cannot hold', async () => {
    const value = tensor([1]);
    const refused = (promise: Promise<unknown>, message: RegExp) =>
      assert.rejects(promise, (error: Error) => error instanceof ArgumentError && message.test(error.message));
    await refused(io.serialize({ __metadata__: value }), /\[serialize\] a tensor cannot be named "__metadata__"/);
    await refused(io.serialize({ '\ud800': value }), /cannot be named/);
    await refused(
      io.serialize({ a: value }, { epoch: 1 as never }),
      /expected metadata "epoch" to be a string but received 1/,
    );
    await refused(io.serialize({ a: [1] as never }), /expected "a" to be a tensor but received array/);
    await refused(io.serialize(null as never), /expected tensors by name, received null/);
    value.dispose();
    await assert.rejects(io.serialize({ a: value }));
  });

  it('keeps the values of a tensor disposed while the file is written', async () => {
    const first = tensor([1, 2]);
    const second = tensor([3, 4]);
    const pending = io.serialize({ first, second });
    release({ first, second });
    const loaded = await io.deserialize(await pending);
    assert.deepEqual(await loaded.second.array(), [3, 4]);
    release(loaded);
  });

  it('refuses hostile headers at once', async () => {
    const sizes = Buffer.alloc(40_000_000, '1,');
    const shapes = Array.from(
      { length: 350_000 },
      (_, i) => `"${i}":{"dtype":"F32","shape":[${'1,'.repeat(39)}0],"data_offsets":[0,0]}`,
    );
    const hostile: [what: string, header: string, message: RegExp][] = [
      ['lists in lists', `{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}`, /nested deeper/],
      ['objects in objects', `${'{"a":'.repeat(1e5)}1${'}'.repeat(1e5)}`, /nested deeper/],
      ['metadata in metadata', `{"__metadata__":{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}}`, /nested deeper/],
      [
        'a shape of 40 MB',
        `{"a":{"dtype":"F32","shape":[${sizes}1],"data_offsets":[0,4]}}`,
        /a list of more than 64 entries/,
      ],
      [
        'offsets of 40 MB',
        `{"a":{"dtype":"F32","shape":[],"data_offsets":[${sizes}1]}}`,
        /a list of more than 64 entries/,
      ],
      ['40 MB of shapes that do not add up', `{${shapes},"b":{}}`, /tensor "b": unknown dtype/],
      ['a string that does not end', `{"${'a'.repeat(1e7)}`, /expected the header to be JSON/],
      ['a key with a broken escape', '{"\\u00":1}', /expected the header to be JSON/],
    ];
    // What this machine takes for a list of 40 MB just now: others may slow its processors down.
    const begun = process.cpuUsage();
    JSON.parse(`[${sizes}1]`);
    const unit = process.cpuUsage(begun).user / 1e6;
    for (const [what, header, message] of hostile) {
      const bytes = fileOf(header);
      const start = process.cpuUsage();
      await assert.rejects(
        io.deserialize(bytes),
        (e: Error) => e instanceof FormatError && message.test(e.message),
        what,
      );
      // Of the processor, for the machine may be busy. It was 5 s and more before, and is under 1 s.
      const seconds = process.cpuUsage(start).user / 1e6;
      assert.ok(seconds < Math.max(3, 10 * unit), `${what}: ${seconds} s, ${unit} s for a list`);
    }
  }).timeout(60_000);

  it('refuses a tensor larger than the memory of the machine, before it reads any', async function () {
    const path = join(folder, 'vast');
    const size = 2 ** 40;
    const header = fileOf({ b: entry(0, 4), a: entry(4, size) });
    const file = await open(path, 'w');
    try {
      await file.write(header);
      await file.truncate(header.byteLength + size).catch(() => this.skip()); // some file systems have no such files
    } finally {
      await file.close();
    }
    await assert.rejects(
      io.load(path),
      (e: Error) => e instanceof FormatError && /more than the memory of this/.test(e.message),
    );
    const loaded = await io.load(path, { keys: ['b'] });
    assert.deepEqual(loaded.b.arraySync(), [0]);
    release(loaded);
    assert.equal((await io.loadMetadata(path)).tensors.a.bytes, size - 4);
    await rm(path);
  });

  it('names other formats', async () => {
    const samples: [bytes: string, message: RegExp][] = [
      ['PK\x03\x04\x14\0\0\0\x08\x08', /found a zip archive, such as PyTorch's; .*safetensors\.torch\.save_file/],
      ['\x80\x02\x8a\x0al\xfc\x9cF\xf9 ', /found a Python pickle/],
      ['\x89HDF\r\n\x1a\n', /found an HDF5 file/],
      ['\x93NUMPY\x01\0v\0', /found a NumPy array/],
      ['GGUF\x03\0\0\0\x01\0\0\0', /expected .* but found/],
      ['\x1f\x8b\x08\0\0\0\0\0\0\x03', /found gzip: decompress/],
      ['version https://git-lfs.github.com/spec/v1\n', /found a pointer of Git LFS/],
      ['<!DOCTYPE html><html>', /found an HTML page/],
    ];
    for (const [text, message] of samples) {
      const path = join(folder, 'model.pt');
      await writeFile(path, Buffer.from(text, 'latin1'));
      await assert.rejects(io.load(path), (e: Error) => e instanceof FormatError && message.test(e.message), text);
    }
  });

  it('reads from a file beyond 2 GiB', async function () {
    const bytes = 2 ** 31 + 8;
    const header = fileOf({ big: entry(0, bytes, [bytes], 'U8'), tail: entry(bytes, bytes + 8) });
    const path = join(folder, 'large.safetensors');
    const file = await open(path, 'w');
    try {
      // Sparse: takes no disk.
      await file.truncate(header.length + bytes + 8);
      await file.write(header, 0, header.length, 0);
      await file.write(new Uint8Array(Float32Array.of(1.5, -2).buffer), 0, 8, header.length + bytes);
    } catch {
      this.skip();
    } finally {
      await file.close();
    }
    const loaded = await io.load(path, { keys: ['tail'] });
    assert.deepEqual(await loaded.tail.array(), [1.5, -2]);
    release(loaded);
    await rm(path);
  });

  const malformed: [what: string, bytes: Uint8Array, message: RegExp][] = [
    ['an empty file', new Uint8Array(0), /expected a header length of 8 bytes but found 0/],
    [
      'a header beyond the file',
      Buffer.from('\x10\0\0\0\0\0\0\0{}', 'latin1'),
      /expected a header of 16 bytes but found 2/,
    ],
    ['a header beyond the limit', new Uint8Array(16).fill(255), /expected a header of at most 100000000 bytes/],
    ['a header that is no object', fileOf('[]'), /expected the header to begin with "\{" but found "\["/],
    ['an empty header', fileOf(''), /expected the header to begin with "\{"/],
    ['a byte order mark', fileOf('\ufeff{}'), /expected the header to begin with "\{"/],
    ['broken JSON', fileOf('{"a":'), /expected the header to be JSON/],
    ['deep nesting', fileOf(`{"a":${'['.repeat(1e6)}`), /nested deeper than 16 levels/],
    ['broken UTF-8', Buffer.from('\x04\0\0\0\0\0\0\0{"\xff"', 'latin1'), /expected the header to be UTF-8/],
    ['a repeated tensor', fileOf('{"a":1,"\\u0061":2}'), /key "a" appears twice/],
    ['a repeated field', fileOf('{"a":{"dtype":"F32","shape":[],"dtype":"F32"}}'), /key "dtype" appears twice/],
    [
      'metadata of numbers',
      fileOf({ __metadata__: { epoch: 1 } }),
      /expected __metadata__ "epoch" to be a string but found 1/,
    ],
    ['metadata in a list', fileOf({ __metadata__: [] }), /expected __metadata__ to be an object/],
    ['a tensor that is no object', fileOf({ a: 1 }), /tensor "a": expected an object but found 1/],
    ['an unknown dtype', fileOf({ a: entry(0, 4, [1], 'F31') }, 4), /tensor "a": unknown dtype "F31"/],
    ['no dtype', fileOf({ a: { shape: [1], data_offsets: [0, 4] } }, 4), /tensor "a": unknown dtype nothing/],
    ['a negative size', fileOf({ a: entry(0, 4, [-1]) }, 4), /tensor "a": expected shape to be a list of sizes/],
    ['a fractional size', fileOf({ a: entry(0, 4, [0.5]) }, 4), /tensor "a": expected shape to be a list of sizes/],
    [
      'one offset',
      fileOf({ a: { ...entry(0, 4), data_offsets: [4] } }, 4),
      /tensor "a": expected data_offsets to be two/,
    ],
    ['descending offsets', fileOf({ a: entry(4, 0, [1]) }, 4), /tensor "a": expected data_offsets to ascend/],
    [
      'offsets beyond 2^53',
      fileOf({ a: { ...entry(0, 4), data_offsets: [0, 2 ** 60] } }, 4),
      /expected data_offsets to be two/,
    ],
    [
      'a size mismatch',
      fileOf({ a: entry(0, 8, [3]) }, 8),
      /tensor "a": F32 \[3\] needs 12 bytes but data_offsets span 8/,
    ],
    [
      'an overflowing shape',
      fileOf({ a: entry(0, 0, new Array(60).fill(2 ** 52)) }),
      /tensor "a": F32 .* needs .* span 0/,
    ],
    ['half a byte', fileOf({ a: entry(0, 1, [3], 'F4') }, 1), /tensor "a": F4 \[3\] needs 12 bits/],
    ['an overlap', fileOf({ a: entry(0, 8), b: entry(4, 8) }, 8), /tensor "b": overlaps .* begin at 8 but found 4/],
    ['a hole', fileOf({ a: entry(0, 4), b: entry(8, 12) }, 12), /tensor "b": leaves a hole .* begin at 4 but found 8/],
    ['a hole at the front', fileOf({ a: entry(4, 8) }, 8), /tensor "a": leaves a hole .* begin at 0 but found 4/],
    [
      'missing data',
      fileOf({ a: entry(0, 8) }, 7),
      /tensor "a": expected 8 bytes of tensors after the header but found 7/,
    ],
    [
      'data too many',
      fileOf({ a: entry(0, 8) }, 9),
      /tensor "a": expected 8 bytes of tensors after the header but found 9/,
    ],
    ['data without tensors', fileOf({}, 1), /expected 0 bytes of tensors after the header but found 1/],
    [
      'a bool of 2',
      Buffer.concat([fileOf({ a: entry(0, 2, [2], 'BOOL') }), Buffer.of(1, 2)]),
      /tensor "a": .* but found 2/,
    ],
  ];
  for (const [what, bytes, message] of malformed) {
    it(`refuses ${what}`, async () => {
      const path = join(folder, 'malformed.safetensors');
      await writeFile(path, bytes);
      for (const load of [() => io.load(path), () => io.deserialize(bytes)]) {
        await assert.rejects(load(), (error: Error) => {
          assert.ok(error instanceof FormatError, `${error}`);
          assert.match(error.message, message);
          return true;
        });
      }
      await assert.rejects(io.load(path), (error: Error) => error.message.startsWith(`[load] ${path}: `));
    });
  }

  it('never does anything but read or reject damaged bytes', async () => {
    const tensors = referenceTensors();
    const bytes = await io.serialize(tensors, { format: 'pt' });
    release(tensors);
    const headerEnd = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const edit = fc.tuple(
      fc.nat(headerEnd - 1),
      fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]",:019FI '))),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { maxLength: 3 }), fc.nat(30), async (edits, cut) => {
        const damaged = bytes.slice(0, bytes.length - cut);
        for (const [at, value] of edits) damaged[at] = value;
        try {
          release(await io.deserialize(damaged));
        } catch (error) {
          assert.ok(error instanceof FormatError || error instanceof DTypeError, `${error}`);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('returns any tensors as they were', async () => {
    const shape = fc.array(fc.nat(3), { maxLength: 4 });
    const values = fc.tuple(shape, fc.constantFrom('float32', 'float64', 'uint8'), fc.infiniteStream(fc.double()));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string({ unit: 'grapheme' }), values), async (dictionary) => {
        const made = Object.entries(dictionary).map(([name, [sizes, dtype, stream]]) => {
          const elements = [...stream.take(sizes.reduce((product, size) => product * size, 1))];
          const Kind = dtype === 'float32' ? Float32Array : dtype === 'float64' ? Float64Array : Uint8Array;
          return [name, tensor(Kind.from(elements), { shape: sizes })] as const;
        });
        const tensors = Object.fromEntries(made);
        const loaded = await io.deserialize(await io.serialize(tensors));
        await assertEqualTensors(loaded, tensors);
        release(loaded, tensors);
      }),
      { numRuns: 100 },
    );
  });
});
