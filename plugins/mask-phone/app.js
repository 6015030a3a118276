// Telephone numbers in a copy of the database for the support team: only the last digits may stay. What stands between the
// digits stays too, so that the number still looks like what was written.

let column;
let keep;

export const plugin = {
  describe() {
    return {
      name: 'mask-phone',
      version: '1.0.0',
      summary: 'Masks telephone numbers but for their last digits.',
      options: [
        { name: 'phone', help: 'The column, which is overwritten', default: 'phone', secret: false },
        { name: 'keep', help: 'How many digits stay', default: '3', secret: false },
      ],
      reversible: false,
    };
  },
};

const option = (options, name) => options.find((option) => option.name === name).value;

export const transformer = {
  init({ options }) {
    column = option(options, 'phone');
    keep = Number(option(options, 'keep'));
    // A thrown text is the error of the interface.
    if (!Number.isInteger(keep) || keep < 0) throw 'the option `keep` is no number of digits';
    return { reads: [column], writes: [column] };
  },

  transform(rows) {
    const changes = [];
    const failures = [];
    rows.forEach(([phone], row) => {
      if (phone.tag === 'null') return;
      const digits = (phone.val.match(/[0-9*]/g) ?? []).length;
      if (phone.tag !== 'text' || digits <= keep) {
        failures.push({ row, column, message: 'it is no telephone number' });
        return;
      }
      let left = digits - keep;
      const masked = phone.val.replace(/[0-9*]/g, (digit) => (left-- > 0 ? '*' : digit));
      // A row that is given again stays as it is.
      if (masked !== phone.val) changes.push({ row, values: [{ tag: 'text', val: masked }] });
    });
    return { changes, failures };
  },
};
