/** Prefixes of the properties that Rackspace and Nova's snapshots write themselves. */
const prefixes = ["com.rackspace__1__", "org.openstack__1__", "instance_type_", "rax_"]

export const isProvidersOwn = (property: string): boolean => prefixes.some((prefix) => property.startsWith(prefix))
