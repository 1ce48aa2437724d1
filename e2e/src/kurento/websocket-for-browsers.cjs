// Stands for `ws` where kurento-client is bundled for a browser: the browser's own WebSocket, with what is called of the other's
// interface.
class PageWebSocket extends WebSocket {
  /** @param {string} address  The options behind it mean something to Node only. */
  constructor(address) {
    super(address);
  }

  on(type, listener) {
    this.addEventListener(type, listener);
    return this;
  }
}

module.exports = PageWebSocket;
