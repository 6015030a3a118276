'use strict';
// `url`: WHATWG's `URL` and `URLSearchParams`, and the old `parse`.

const querystring = require('querystring');

const PORTS = { 'http:': '80', 'https:': '443', 'ws:': '80', 'wss:': '443', 'ftp:': '21', 'file:': '' };
const isSpecial = (protocol) => Object.hasOwn(PORTS, protocol);

/** Percent-encodes what a component may not hold. */
function encodeWith(text, forbidden) {
  return text
    .toWellFormed()
    .replace(/[^\x21-\x7e]/gu, (each) => encodeURIComponent(each).replace(/[!'()*~]/g, (same) => same))
    .replace(forbidden, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

const FORBIDDEN = {
  userinfo: /["#/:;<=>?@[\\\]^`{|}]/g,
  path: /["#<>?`{}]/g,
  query: /["#<>]/g,
  specialQuery: /["#'<>]/g,
  fragment: /["<>`]/g,
};

function invalid(input) {
  const error = new TypeError('Invalid URL');
  error.code = 'ERR_INVALID_URL';
  error.input = input;
  return error;
}

const PARTS = /^([A-Za-z][A-Za-z0-9+.-]*:)(?:(\/\/)([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/s;

class URL {
  constructor(input, base) {
    let text = String(input).replace(/^[\0-\x20]+|[\0-\x20]+$|[\t\n\r]/g, '');
    Object.defineProperty(this, 'data', { value: {}, enumerable: false });
    const scheme = /^([A-Za-z][A-Za-z0-9+.-]*:)/.exec(text);
    if (scheme && isSpecial(scheme[1].toLowerCase()))
      text = text.replace(/^[^?#]*/, (each) => each.replaceAll('\\', '/'));
    if (scheme && isSpecial(scheme[1].toLowerCase()) && scheme[1].toLowerCase() !== 'file:') {
      text = text.replace(/^([A-Za-z][A-Za-z0-9+.-]*:)\/*/, '$1//');
    }
    if (!scheme) {
      if (base === undefined) throw invalid(String(input));
      text = relative(text, new URL(base));
    }
    const match = PARTS.exec(text);
    if (!match) throw invalid(String(input));
    const [, protocol, slashes, authority, path, search, hash] = match;
    this.data.protocol = protocol.toLowerCase();
    this.data.slashes = Boolean(slashes) || this.data.protocol === 'file:';
    this.setAuthority(authority || '', String(input));
    this.data.path =
      slashes || isSpecial(this.data.protocol) ? normalPath(path, isSpecial(this.data.protocol)) : path;
    this.setSearch(search || '');
    this.data.hash = hash && hash.length > 1 ? `#${encodeWith(hash.slice(1), FORBIDDEN.fragment)}` : '';
    const params = new URLSearchParams(this.data.search);
    params.owner = this;
    Object.defineProperty(this, 'searchParams', { value: params, enumerable: true });
  }

  setAuthority(text, input) {
    const { data } = this;
    const at = text.lastIndexOf('@');
    const [user, ...rest] = at < 0 ? [''] : text.slice(0, at).split(':');
    data.username = encodeWith(user, FORBIDDEN.userinfo);
    data.password = encodeWith(rest.join(':'), FORBIDDEN.userinfo);
    this.setHost(text.slice(at + 1), input);
  }

  setHost(text, input) {
    const { data } = this;
    const match = /^(\[[0-9A-Fa-f:.]+\]|[^:]*)(?::(\d*))?$/.exec(text);
    if (!match) throw invalid(input);
    const special = isSpecial(data.protocol);
    let name = match[1];
    if (special) {
      try {
        name = decodeURIComponent(name).toLowerCase();
      } catch {
        throw invalid(input);
      }
      if (/[\s#%/<>?@\\^|]/.test(name) || (!name && data.protocol !== 'file:')) throw invalid(input);
    }
    if (data.protocol === 'file:' && name === 'localhost') name = '';
    data.hostname = name;
    const port = match[2] || '';
    if (port && Number(port) > 65535) throw invalid(input);
    data.port = port && String(Number(port)) !== PORTS[data.protocol] ? String(Number(port)) : '';
  }

  setSearch(text) {
    const forbidden = isSpecial(this.data.protocol) ? FORBIDDEN.specialQuery : FORBIDDEN.query;
    this.data.search = text.length > 1 ? `?${encodeWith(text.slice(1), forbidden)}` : '';
  }

  get protocol() {
    return this.data.protocol;
  }

  set protocol(value) {
    this.data.protocol = `${String(value).replace(/:.*$/s, '')}:`.toLowerCase();
  }

  get username() {
    return this.data.username;
  }

  set username(value) {
    this.data.username = encodeWith(String(value), FORBIDDEN.userinfo);
  }

  get password() {
    return this.data.password;
  }

  set password(value) {
    this.data.password = encodeWith(String(value), FORBIDDEN.userinfo);
  }

  get hostname() {
    return this.data.hostname;
  }

  set hostname(value) {
    const { port } = this.data;
    this.setHost(String(value), String(value));
    this.data.port = port;
  }

  get port() {
    return this.data.port;
  }

  set port(value) {
    const text = String(value);
    this.data.port = text === PORTS[this.data.protocol] ? '' : text;
  }

  get host() {
    return this.data.hostname + (this.data.port ? `:${this.data.port}` : '');
  }

  set host(value) {
    this.setHost(String(value), String(value));
  }

  get origin() {
    return isSpecial(this.data.protocol) && this.data.protocol !== 'file:'
      ? `${this.data.protocol}//${this.host}`
      : 'null';
  }

  get pathname() {
    return this.data.path;
  }

  set pathname(value) {
    this.data.path = normalPath(String(value), isSpecial(this.data.protocol));
  }

  get search() {
    return this.data.search;
  }

  set search(value) {
    const text = String(value);
    this.setSearch(text && text[0] !== '?' ? `?${text}` : text);
    this.searchParams.replace(this.data.search);
  }

  get hash() {
    return this.data.hash;
  }

  set hash(value) {
    const text = String(value).replace(/^#/, '');
    this.data.hash = text ? `#${encodeWith(text, FORBIDDEN.fragment)}` : '';
  }

  get href() {
    const { protocol, slashes, username, password, path, search, hash } = this.data;
    const login = username || password ? `${username}${password ? `:${password}` : ''}@` : '';
    return `${protocol}${slashes ? `//${login}${this.host}` : ''}${path}${search}${hash}`;
  }

  toString() {
    return this.href;
  }

  toJSON() {
    return this.href;
  }

  static canParse(input, base) {
    try {
      return Boolean(new URL(input, base));
    } catch {
      return false;
    }
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    const keys = 'href origin protocol username password host hostname port pathname search searchParams hash';
    const shown = Object.fromEntries(keys.split(' ').map((key) => [key, this[key]]));
    return `URL ${inspect(shown, options)}`;
  }
}

function normalPath(path, special) {
  const parts = [];
  const given = path.replace(/^\//, '').split('/');
  given.forEach((part, index) => {
    const last = index === given.length - 1;
    if (/^(?:\.\.|%2e%2e|\.%2e|%2e\.)$/i.test(part)) {
      parts.pop();
      if (last) parts.push('');
    } else if (/^(?:\.|%2e)$/i.test(part)) {
      if (last) parts.push('');
    } else parts.push(encodeWith(part, FORBIDDEN.path));
  });
  const whole = parts.join('/');
  return path || special ? `/${whole}` : '';
}

function relative(text, base) {
  const { protocol } = base;
  const start = base.href.slice(0, base.href.length - (base.pathname + base.search + base.hash).length);
  if (text.startsWith('//')) return protocol + text;
  if (text[0] === '/') return start + text;
  if (text[0] === '#') return start + base.pathname + base.search + text;
  if (text[0] === '?') return start + base.pathname + text;
  if (!text) return start + base.pathname + base.search;
  return `${start}${base.pathname.replace(/[^/]*$/, '')}${text}`;
}

const formEncode = (text) =>
  encodeURIComponent(String(text).toWellFormed())
    .replace(/[!'()~]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');

function formDecode(text) {
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}

class URLSearchParams {
  constructor(init = '') {
    Object.defineProperties(this, {
      list: { value: [], writable: true },
      owner: { value: null, writable: true },
    });
    if (typeof init === 'object' && init !== null) {
      const pairs = typeof init[Symbol.iterator] === 'function' ? [...init] : Object.entries(init);
      this.list = pairs.map(([name, value]) => [String(name), String(value)]);
    } else {
      this.replace(String(init));
    }
  }

  replace(text) {
    const pairs = text.replace(/^\?/, '').split('&').filter(Boolean);
    this.list = pairs.map((pair) => {
      const at = pair.indexOf('=');
      return at < 0
        ? [formDecode(pair), '']
        : [formDecode(pair.slice(0, at)), formDecode(pair.slice(at + 1))];
    });
  }

  changed() {
    if (!this.owner) return;
    const text = this.toString();
    this.owner.data.search = text ? `?${text}` : '';
  }

  get size() {
    return this.list.length;
  }

  append(name, value) {
    this.list.push([String(name), String(value)]);
    this.changed();
  }

  delete(name, value) {
    this.list = this.list.filter(
      ([key, each]) => key !== String(name) || (value !== undefined && each !== String(value)),
    );
    this.changed();
  }

  get(name) {
    const found = this.list.find(([key]) => key === String(name));
    return found ? found[1] : null;
  }

  getAll(name) {
    return this.list.filter(([key]) => key === String(name)).map(([, value]) => value);
  }

  has(name, value) {
    return this.list.some(
      ([key, each]) => key === String(name) && (value === undefined || each === String(value)),
    );
  }

  set(name, value) {
    const found = this.list.find(([key]) => key === String(name));
    if (!found) this.list.push([String(name), String(value)]);
    else {
      this.list = this.list.filter((each) => each === found || each[0] !== String(name));
      found[1] = String(value);
    }
    this.changed();
  }

  sort() {
    this.list.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
    this.changed();
  }

  forEach(callback, self) {
    for (const [name, value] of this.list) callback.call(self, value, name, this);
  }

  keys() {
    return this.list.map(([name]) => name)[Symbol.iterator]();
  }

  values() {
    return this.list.map(([, value]) => value)[Symbol.iterator]();
  }

  entries() {
    return this.list.map(([name, value]) => [name, value])[Symbol.iterator]();
  }

  [Symbol.iterator]() {
    return this.entries();
  }

  toString() {
    return this.list.map(([name, value]) => `${formEncode(name)}=${formEncode(value)}`).join('&');
  }
}

// -- files

function fileURLToPath(url) {
  const parsed = typeof url === 'string' ? new URL(url) : url;
  if (parsed.protocol !== 'file:') {
    const error = new TypeError('The URL must be of scheme file');
    error.code = 'ERR_INVALID_URL_SCHEME';
    throw error;
  }
  return decodeURIComponent(parsed.pathname);
}

function pathToFileURL(path) {
  const whole = require('path').resolve(path) + (path.endsWith('/') && path !== '/' ? '/' : '');
  const escaped = whole.replace(/[%\\\n\r\t?#]/g, (each) => encodeURIComponent(each));
  return new URL(`file://${escaped}`);
}

// -- the old interface

const OLD =
  /^([A-Za-z][A-Za-z0-9+.-]*:)?(\/\/)?(?:([^/?#]*)@)?([^:/?#]*)?(?::(\d+))?([^?#]*)(\?[^#]*)?(#.*)?$/s;

class Url {}

function parse(text, parseQuery = false, slashesDenoteHost = false) {
  const given = String(text).trim();
  const result = Object.assign(new Url(), {
    protocol: null,
    slashes: null,
    auth: null,
    host: null,
    port: null,
    hostname: null,
    hash: null,
    search: null,
    query: null,
    pathname: null,
    path: null,
    href: given,
  });
  const hasHost =
    /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(given) || (slashesDenoteHost && given.startsWith('//'));
  if (hasHost) {
    const [, protocol, slashes, auth, hostname, port, path, search, hash] = OLD.exec(given) || [];
    Object.assign(result, {
      protocol: protocol ? protocol.toLowerCase() : null,
      slashes: Boolean(slashes),
      auth: auth === undefined ? null : formDecode(auth.replaceAll('+', '%2B')),
      hostname: (hostname || '').toLowerCase(),
      port: port || null,
      host: (hostname || '').toLowerCase() + (port ? `:${port}` : ''),
      pathname: path || (isSpecial((protocol || '').toLowerCase()) ? '/' : null),
      search: search || null,
      hash: hash || null,
    });
  } else {
    const [, protocol, path, search, hash] = /^([A-Za-z][A-Za-z0-9+.-]*:)?([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(
      given,
    );
    Object.assign(result, {
      protocol: protocol || null,
      pathname: path || null,
      search: search || null,
      hash: hash || null,
    });
  }
  const query = result.search ? result.search.slice(1) : null;
  result.query = parseQuery ? querystring.parse(query || '') : query;
  if (parseQuery && !result.search) result.search = '';
  result.path = result.pathname || result.search ? (result.pathname || '') + (result.search || '') : null;
  return result;
}

function format(url, options) {
  if (typeof url === 'string') return format(parse(url), options);
  if (url instanceof URL) return url.href;
  const { protocol, slashes, auth, host, hostname, port, pathname, search, query, hash } = url;
  const scheme = protocol ? (protocol.endsWith(':') ? protocol : `${protocol}:`) : '';
  const login = auth ? `${encodeURIComponent(auth).replace(/%3A/i, ':')}@` : '';
  const place =
    host !== undefined && host !== null
      ? login + host
      : hostname
        ? `${login}${hostname}${port ? `:${port}` : ''}`
        : '';
  const asked =
    search ||
    (query && typeof query === 'object' && Object.keys(query).length
      ? `?${querystring.stringify(query)}`
      : '');
  const twoSlashes = slashes || ((!scheme || isSpecial(scheme)) && place) ? '//' : '';
  const path = pathname || '';
  return `${scheme}${twoSlashes}${place}${twoSlashes && path && path[0] !== '/' ? `/${path}` : path}${asked && asked[0] !== '?' ? `?${asked}` : asked}${hash && hash[0] !== '#' ? `#${hash}` : hash || ''}`;
}

const resolve = (from, to) => {
  try {
    return new URL(to, new URL(from, 'resolve://')).href.replace(/^resolve:\/\//, '');
  } catch {
    return to;
  }
};

module.exports = {
  URL,
  URLSearchParams,
  Url,
  fileURLToPath,
  pathToFileURL,
  parse,
  format,
  resolve,
  domainToASCII: (text) => text,
  domainToUnicode: (text) => text,
  urlToHttpOptions: ({ protocol, hostname, port, pathname, search, hash, href }) => ({
    protocol,
    hostname,
    port,
    path: pathname + search,
    pathname,
    search,
    hash,
    href,
  }),
};
