import { expect, it } from 'vitest';
import { DataFanOut, type DataMessage, type DataSink, type DataSource } from '../data/data-flow.ts';
import { Connection, type MediaEnd } from './connections.ts';

/** An end that has data and nothing else. */
function end(data: { source?: DataSource; sink?: DataSink }): MediaEnd {
  return {
    source: () => undefined,
    sink: () => undefined,
    dataSource: () => data.source,
    dataSink: () => data.sink,
  };
}

const hello: DataMessage = { bytes: Buffer.from('hello'), isText: true };

it('carries messages over a DATA connection from the wiring to the unwiring, and each one once', () => {
  const source = new DataFanOut();
  const got: DataMessage[] = [];
  const sink = { write: (message: DataMessage) => got.push(message) };
  const connection = new Connection(end({ source }), end({ sink }), 'DATA', 'default', 'default');
  source.write(hello);
  connection.wire();
  connection.wire();
  source.write(hello);
  expect(got).toEqual([hello]);
  connection.unwire();
  connection.unwire();
  source.write(hello);
  expect(got).toEqual([hello]);
});

it('hangs a data sink that came after the connection, and leaves data out of a connection of other media', () => {
  const source = new DataFanOut();
  const late: { source: DataSource; sink?: DataSink } = { source };
  const got: string[] = [];
  const data = new Connection(end(late), end(late), 'DATA', 'default', 'default');
  const video = new Connection(end(late), end(late), 'VIDEO', 'default', 'default');
  data.wire();
  late.sink = { write: ({ bytes }) => got.push(bytes.toString()) };
  video.wire();
  source.write(hello);
  expect(got).toEqual([]);
  data.wire();
  source.write(hello);
  expect(got).toEqual(['hello']);
});
