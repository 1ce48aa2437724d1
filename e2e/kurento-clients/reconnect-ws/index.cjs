// A WebSocket that connects again, by the interface that kurento-client asks of its dependency `reconnect-ws`, which is on
// no package registry: text frames, growing pauses, `fail` after a number of attempts. The tests' own; nothing of Parley.
const { EventEmitter } = require('node:events');
const WebSocket = require('ws');

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/** @param {{ failAfter?: number }} options  @param {(socket: WebSocket) => void} onConnection told of each connection */
module.exports = function reconnectWs({ failAfter = Infinity }, onConnection) {
  const socketKeeper = new EventEmitter();
  let attempts = 0;
  let socket;
  let pause;

  socketKeeper.connected = false;
  /** Whether it would try again. */
  socketKeeper.reconnect = true;
  socketKeeper.on('connection', onConnection);

  socketKeeper.connect = (address, options) => {
    const open = () => {
      socket = new WebSocket(address, options);
      socket.on('open', () => {
        attempts = 0;
        socketKeeper.connected = true;
        socketKeeper.emit('connection', socket);
      });
      socket.on('error', (error) => socketKeeper.emit('attempt-failed', error));
      socket.on('close', () => {
        if (socketKeeper.connected) socketKeeper.emit('disconnect');
        socketKeeper.connected = false;
        if (!socketKeeper.reconnect) return;
        if (++attempts > failAfter) {
          socketKeeper.reconnect = false;
          socketKeeper.emit('fail', new Error(`no connection to ${address}`));
          return;
        }
        const delay = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1));
        socketKeeper.emit('reconnect', attempts, delay);
        pause = setTimeout(open, delay);
      });
    };
    open();
    return socketKeeper;
  };

  socketKeeper.disconnect = () => {
    socketKeeper.reconnect = false;
    clearTimeout(pause);
    socket?.close();
    return socketKeeper;
  };

  return socketKeeper;
};
