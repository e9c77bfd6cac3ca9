/** What a command is for, in a network engineer's words, by the command itself. */

type Words = readonly string[];

/** The word after a key. */
const after = (words: Words, key: string): string => words[words.indexOf(key) + 1] ?? '';

/** @param line without the program's name, or with it where it is not ip */
export function whyOf(line: Words, isInside: boolean): string {
  const [object = '', verb = ''] = line;
  const place = isInside ? ' in the container' : '';
  switch (`${object} ${verb}`) {
    case 'link add':
      return whyOfLink(line);
    case 'link set':
      return whyOfSetting(line, place);
    case 'link delete':
      return `the link ${after(line, 'dev')} goes${place}${isInside ? '' : ', and with a veth its other end'}`;
    case 'link property':
      return `${after(line, 'altname')} as a second name of the link${place}`;
    case 'address add':
    case 'address replace':
      return isInside
        ? `the container's address: ${line[2]}`
        : `the address ${line[2]} of ${after(line, 'dev')} on the node`;
    case 'address delete':
      return `the address ${line[2]} goes from ${after(line, 'dev')}`;
    case 'route append':
    case 'route replace':
      return whyOfRoute(line, place);
    case 'route delete':
      return `the route to ${line[2]} goes`;
    case 'vlan add':
      return whyOfVlan(line);
    case 'vlan delete':
      return `the port leaves the bridge's default VLAN ${after(line, 'vid')}`;
    default:
      return `${object} ${verb}`;
  }
}

function whyOfLink(line: Words): string {
  // Behind "link add": the first word is one of the keys, too.
  const words = line.slice(2);
  const [name, parent] = [after(words, 'name'), after(words, 'link')];
  switch (after(line, 'type')) {
    case 'veth': {
      const peer = line.slice(line.indexOf('peer'));
      const port = line.includes('master') ? `, a port of the bridge ${after(line, 'master')}` : '';
      return `a veth pair: ${name} on the node${port}; ${after(peer, 'name')} in the container`;
    }
    case 'bridge':
      return `the bridge ${name}, which is not there yet, with a MAC address of its own`;
    case 'vlan':
      return `the gateway's interface in VLAN ${after(line, 'id')}: ${name} on ${parent}`;
    case 'macvlan':
      return `a macvlan link on ${parent}, mode ${after(line, 'mode')}`;
    case 'ipvlan':
      return `an ipvlan link on ${parent}, mode ${after(line, 'mode')} ${line.at(-1)}`;
    default:
      return `the link ${name}`;
  }
}

function whyOfSetting(line: Words, place: string): string {
  const [, , , device = '', key = '', value = ''] = line;
  if (line.includes('netns')) {
    const name = line.includes('name') ? `, as ${after(line.slice(4), 'name')}` : '';
    return place === ''
      ? `${device} moves into the container${name}`
      : `${device} moves back to the node${name}`;
  }
  switch (key) {
    case 'up':
    case 'down':
      return `${device} goes ${key}${place}`;
    case 'alias':
      return `${device} is marked as the container's: by that CHECK, DEL and GC know it`;
    case 'name':
      return `${device} is named ${value}`;
    case 'master':
      return `${device} becomes a port of ${value}`;
    case 'nomaster':
      return `${device} is a port no more`;
    case 'vf':
      return `the NIC's setting of its virtual function ${value}: ${line.slice(6).join(' ')}`;
    case 'type':
      return `settings of ${device}: ${line.slice(6).join(' ')}`;
    default:
      return `${key} of ${device}${place}: ${value}`;
  }
}

function whyOfRoute(line: Words, place: string): string {
  const to = ['0.0.0.0/0', '::/0', 'default'].includes(line[2] ?? '')
    ? 'the default route'
    : `a route to ${line[2]}`;
  return `${to}${place === '' ? ' of the node' : place}${line.includes('via') ? ` by ${after(line, 'via')}` : ''}`;
}

function whyOfVlan(line: Words): string {
  const vlan = `VLAN ${after(line, 'vid')}`;
  if (line.includes('self')) return `the bridge itself is in ${vlan}, for its gateway`;
  return line.includes('pvid')
    ? `untagged frames of the container belong to ${vlan}`
    : `the port carries ${vlan}, tagged`;
}

/** @param argv of a read, the program first */
export function whyOfRead([program = '', ...line]: Words, isInside: boolean): string {
  const place = isInside ? 'in the container' : 'on the node';
  const device = line.includes('dev') ? after(line, 'dev') : '';
  if (program === 'nft') return 'could the rules of the container be deleted? Then they are all there';
  if (program === 'ovsdb-client') return 'the rows of the port: bridge, VLANs, limits and labels';
  if (program.startsWith('ip') && program.includes('tables'))
    return 'the chain that masquerades the container, and the jump to it';
  if (line[0] === 'route') return `the routes ${place}, beside those of prevResult`;
  if (line[0] === 'link') return `what the NIC has set for its virtual functions`;
  return `${device === '' ? 'the links' : device} ${place}: is it there, of its kind, up, with the MAC address, MTU and addresses of prevResult?`;
}
