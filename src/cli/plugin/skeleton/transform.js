// A plugin that changes rows. plugins/wit/migration.wit is the interface; values are { tag, val }.

let word;

export const plugin = {
  describe() {
    return {
      name: 'NAME',
      version: '0.1.0',
      summary: 'Says in one sentence what becomes of a row.',
      options: [{ name: 'word', help: 'How to greet', default: 'Hello', secret: false }],
      reversible: false,
    };
  },
};

export const transformer = {
  init(setup) {
    word = setup.options.find((option) => option.name === 'word').value;
    return { reads: ['name'], writes: ['greeting'] };
  },

  transform(rows) {
    const changes = [];
    const failures = [];
    rows.forEach(([name], row) => {
      if (name.tag === 'null') return;
      if (name.val === '') {
        failures.push({ row, column: 'name', message: 'nobody can be greeted without a name' });
      } else {
        changes.push({ row, values: [{ tag: 'text', val: `${word}, ${name.val}` }] });
      }
    });
    return { changes, failures };
  },
};
