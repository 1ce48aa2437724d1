// Stands for Node's `events` where Kurento's clients are bundled for a browser, with what they use of it: no registry package
// of that name is installed. A plain function, since they call it on objects of their own, and look into `_events`.
function EventEmitter() {}

EventEmitter.prototype.on = function (event, listener) {
  this._events ??= {};
  if (event !== 'newListener') this.emit('newListener', event, listener);
  this._events[event] = [...listenersOf(this, event), listener];
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
  this._events ??= {};
  this._events[event] = listenersOf(this, event).filter((other) => other !== listener);
  return this;
};

EventEmitter.prototype.removeAllListeners = function (event) {
  if (event === undefined) this._events = {};
  else delete this._events?.[event];
  return this;
};

EventEmitter.prototype.emit = function (event, ...values) {
  const listeners = listenersOf(this, event);
  for (const listener of listeners) listener.apply(this, values);
  return listeners.length > 0;
};

EventEmitter.listenerCount = (emitter, event) => listenersOf(emitter, event).length;

function listenersOf(emitter, event) {
  return emitter._events?.[event] ?? [];
}

module.exports = { EventEmitter };
