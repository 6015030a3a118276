// Makes a component of a JavaScript module. componentize-js is called as a library: the command that wraps it does not find
// interfaces outside of its own folder.
import { writeFile } from 'node:fs/promises';

import { componentize } from '@bytecodealliance/componentize-js';

const [sourcePath, witPath, worldName, output] = process.argv.slice(1);
// What a plugin is not granted it need not import.
const disableFeatures = ['clocks', 'fetch-event', 'http', 'random', 'stdio'];
const { component } = await componentize({ sourcePath, witPath, worldName, disableFeatures });
await writeFile(output, component);
