// Stands for Node's `events` where kurento-utils is bundled for a browser, with what it uses of it: no registry package of
// that name is installed. A plain function, since kurento-utils calls it on objects of its own.
function EventEmitter() {}

EventEmitter.prototype.on = function (event, listener) {
  this.listenersOf ??= new Map();
  if (event !== 'newListener') this.emit('newListener', event, listener);
  this.listenersOf.set(event, [...(this.listenersOf.get(event) ?? []), listener]);
  return this;
};

EventEmitter.prototype.addListener = EventEmitter.prototype.on;

EventEmitter.prototype.once = function (event, listener) {
  const once = (...values) => {
    this.removeListener(event, once);
    listener.apply(this, values);
  };
  return this.on(event, once);
};

EventEmitter.prototype.removeListener = function (event, listener) {
  const listeners = this.listenersOf?.get(event) ?? [];
  this.listenersOf?.set(
    event,
    listeners.filter((other) => other !== listener),
  );
  return this;
};

EventEmitter.prototype.removeAllListeners = function () {
  this.listenersOf?.clear();
  return this;
};

EventEmitter.prototype.emit = function (event, ...values) {
  const listeners = this.listenersOf?.get(event) ?? [];
  for (const listener of listeners) listener.apply(this, values);
  return listeners.length > 0;
};

EventEmitter.listenerCount = (emitter, event) => emitter.listenersOf?.get(event)?.length ?? 0;

module.exports = { EventEmitter };
