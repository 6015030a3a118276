'use strict';
// `diagnostics_channel`.

const channels = new Map();

class Channel {
  constructor(name) {
    this.name = name;
    this.subscribers = [];
  }

  get hasSubscribers() {
    return this.subscribers.length > 0;
  }

  publish(message) {
    for (const each of [...this.subscribers]) each(message, this.name);
  }

  subscribe(subscriber) {
    this.subscribers.push(subscriber);
  }

  unsubscribe(subscriber) {
    const at = this.subscribers.indexOf(subscriber);
    if (at >= 0) this.subscribers.splice(at, 1);
    return at >= 0;
  }

  runStores(context, callback, self, ...given) {
    return callback.apply(self, given);
  }

  bindStore() {}

  unbindStore() {}
}

function channel(name) {
  if (!channels.has(name)) channels.set(name, new Channel(name));
  return channels.get(name);
}

/** Channels of one operation; nobody listens unless somebody subscribed. */
function tracingChannel(name) {
  const events = Object.fromEntries(
    ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((each) => [
      each,
      channel(`tracing:${name}:${each}`),
    ]),
  );
  return {
    ...events,
    get hasSubscribers() {
      return Object.values(events).some((each) => each.hasSubscribers);
    },
    subscribe(subscribers) {
      for (const [event, subscriber] of Object.entries(subscribers))
        if (events[event]) events[event].subscribe(subscriber);
    },
    unsubscribe(subscribers) {
      for (const [event, subscriber] of Object.entries(subscribers))
        if (events[event]) events[event].unsubscribe(subscriber);
    },
    traceSync: (callback, context, self, ...given) => callback.apply(self, given),
    tracePromise: (callback, context, self, ...given) => callback.apply(self, given),
    traceCallback: (callback, position, context, self, ...given) => callback.apply(self, given),
  };
}

module.exports = {
  Channel,
  channel,
  tracingChannel,
  hasSubscribers: (name) => channels.has(name) && channels.get(name).hasSubscribers,
  subscribe: (name, subscriber) => channel(name).subscribe(subscriber),
  unsubscribe: (name, subscriber) => channel(name).unsubscribe(subscriber),
};
