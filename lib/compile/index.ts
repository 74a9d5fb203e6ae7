// compile: functions traced once and replayed.
export { type Compiled, type CompileOptions, compile } from './compile';
