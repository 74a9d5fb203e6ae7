// The classifier as an ONNX model in memory. Messages and numbers of their fields: onnx/onnx.proto, version 8 of the
// representation, operators of version 17.
import { layers, type Stored } from './safetensors';

interface Message {
  create(properties: object): object;
  encode(message: object): { finish(): Uint8Array };
}

// The part of the schema that is used here.
const schema = `
  syntax = "proto3";
  message Attribute { string name = 1; int64 i = 3; int32 type = 20; }
  message Node {
    repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4;
    repeated Attribute attribute = 5;
  }
  message Tensor { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
  message Dimension { oneof value { int64 dim_value = 1; string dim_param = 2; } }
  message Shape { repeated Dimension dim = 1; }
  message TensorType { int32 elem_type = 1; Shape shape = 2; }
  message Type { TensorType tensor_type = 1; }
  message Value { string name = 1; Type type = 2; }
  message Graph {
    repeated Node node = 1; string name = 2; repeated Tensor initializer = 5;
    repeated Value input = 11; repeated Value output = 12;
  }
  message OperatorSet { string domain = 1; int64 version = 2; }
  message Model { int64 ir_version = 1; Graph graph = 7; repeated OperatorSet opset_import = 8; }
`;

const float = 1;
const attributeInt = 2;

/** images [batch, inputs] -> logits [batch, outputs]; a Gemm for each layer, with Relu between them. */
export function classifier(weights: Record<string, Stored>): Uint8Array {
  const { parse } = require('protobufjs') as {
    parse(source: string, options: { keepCase: boolean }): { root: { lookupType(name: string): Message } };
  };
  const Model = parse(schema, { keepCase: true }).root.lookupType('Model');

  const all = layers(weights);
  const node = [];
  const initializer = [];
  let value = 'images';
  for (const [i, { weight, bias }] of all.entries()) {
    const last = i + 1 === all.length;
    initializer.push(constant(`weight${i}`, weight), constant(`bias${i}`, bias));
    node.push({
      op_type: 'Gemm',
      input: [value, `weight${i}`, `bias${i}`],
      output: [last ? 'logits' : `sums${i}`],
      attribute: [{ name: 'transB', type: attributeInt, i: 1 }],
    });
    if (!last) node.push({ op_type: 'Relu', input: [`sums${i}`], output: [`outputs${i}`] });
    value = `outputs${i}`;
  }
  const graph = {
    name: 'classifier',
    node,
    initializer,
    input: [matrix('images', all[0].weight.shape[1])],
    output: [matrix('logits', all[all.length - 1].weight.shape[0])],
  };
  return Model.encode(Model.create({ ir_version: 8, opset_import: [{ version: 17 }], graph })).finish();
}

function constant(name: string, { shape, data }: Stored): object {
  return { name, dims: shape, data_type: float, raw_data: Buffer.from(data.buffer) };
}

function matrix(name: string, columns: number): object {
  const shape = { dim: [{ dim_param: 'batch' }, { dim_value: columns }] };
  return { name, type: { tensor_type: { elem_type: float, shape } } };
}
