/*
 * The program that is started when the cost of starting one is measured: linked statically,
 * because the loader of a dynamic one is most of what it would do.
 */
int main(void)
{
	return 0;
}
